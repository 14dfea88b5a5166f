import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { functionSettings } from '../../cdk/functions.ts';
import { UsageError } from '../../cdk/ops/command-line.ts';
import { certificate } from '../lib/exchange/certificate.ts';
import { type Measured, type MeasureSetting, measure, prepare } from './measure.ts';
import { bundleBytes, deploy, environmentOf, functionOf, otherSubjects, ourSubjects, synthesize } from './ours.ts';
import { bundleWorker } from './process.ts';
import { cpuShare, createCpuQuota } from './quota.ts';
import { type Report, reportOf } from './report.ts';
import { emptySubject, rivalSubjects, usualStack } from './rivals.ts';
import { startServers } from './servers.ts';
import type { Subject } from './subjects.ts';

export type BenchOptions = {
  /** Fresh processes of each subject. */
  readonly rounds: number;
  /** Warm requests that are measured of each process. */
  readonly requests: number;
  /** Only subjects whose names contain this, and the usual stack. */
  readonly only?: string | undefined;
  /** Leaves out what has to be installed. */
  readonly ours?: boolean | undefined;
  /** All functions of the API, not `get-order` alone. */
  readonly every?: boolean | undefined;
  readonly tls?: boolean | undefined;
  /** Requests get the share of a CPU that Lambda gives to the function; INIT gets a whole CPU, as on Lambda. */
  readonly share?: boolean | undefined;
};

/** Measures everything against its own servers. Throws when a subject does not do its work. */
export async function bench({
  rounds,
  requests,
  only = '',
  ours = false,
  every = false,
  tls = false,
  share = false,
}: BenchOptions): Promise<Report> {
  const started = new AsyncDisposableStack();
  try {
    const folder = await mkdtemp(join(tmpdir(), 'bench-'));
    started.defer(() => rm(folder, { recursive: true }));
    const quota = share ? createCpuQuota(cpuShare(functionSettings['get-order'].memoryMb)) : undefined;
    if (quota !== undefined) started.defer(quota.stop);
    const servers = await startServers({ tls });
    started.defer(servers.stop);
    const stack = synthesize(join(folder, 'cdk.out'), servers.exchangeUrl);
    await deploy(stack, servers);
    const lambda = { ...functionOf(stack, 'getOrder'), environment: {} };
    const environment = environmentOf(lambda);
    const subjects = [
      emptySubject(folder, environment),
      ...(ours ? [] : await rivalSubjects(servers, folder, environment)),
      ...ourSubjects(stack, servers),
      ...(every ? otherSubjects(stack, servers) : []),
    ];
    const chosen = subjects.filter(({ name }) => name === usualStack || name.includes(only));
    if (chosen.every(({ name }) => !name.includes(only))) throw new UsageError(`--only takes a part of a name`);

    const ca = join(folder, 'certificate.pem');
    await writeFile(ca, certificate);
    const measured = await measureAll(chosen, rounds, {
      servers,
      worker: bundleWorker(folder),
      memoryMb: lambda.memoryMb,
      env: { ...servers.endpoints, ...(tls && { NODE_EXTRA_CA_CERTS: ca }) },
      warmRequests: requests,
      ...(quota !== undefined && { onInit: quota.add }),
    });
    const all = await Promise.all(
      measured.map(async ({ subject: { name, handler }, results }) => ({
        name,
        bundleBytes: (await stat(handler)).size,
        rounds: results,
      })),
    );
    const base = all.find(({ name }) => name === usualStack) ?? all[0];
    if (base === undefined) throw new Error('nothing was measured');
    return reportOf(all, base, bundleBytes(stack));
  } finally {
    await started.disposeAsync();
  }
}

/** Round after round, one fresh process of each subject after the other. */
async function measureAll(subjects: readonly Subject[], rounds: number, setting: MeasureSetting) {
  const all = subjects.map((subject): { subject: Subject; results: Measured[] } => ({ subject, results: [] }));
  for (const subject of subjects) await prepare(subject, setting);
  for (let round = 1; round <= rounds; round++) {
    process.stderr.write(`round ${round} of ${rounds}\n`);
    for (const { subject, results } of all) results.push(await measure(subject, setting));
  }
  return all;
}
