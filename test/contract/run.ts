import * as fc from 'fast-check';
import * as z from 'zod/mini';
import { createChecker } from '../lib/api/document.ts';
import { compose } from '../lib/api/request.ts';
import { checker, isRpcError } from './checker.ts';
import type { TestEnvironment } from './environment.ts';
import { type DescribedOperation, readOperations } from './operations.ts';
import { type GeneratedRequest, requests } from './requests.ts';

type ContractViolation = { readonly request: string; readonly complaint: string };
type Tally = {
  /** How often each operation got each status; errors of JSON-RPC apart, though their status is 200. */
  readonly counts: ReadonlyMap<string, ReadonlyMap<string, number>>;
  readonly requests: number;
  /** Requests that got what they requested. */
  readonly succeeded: number;
  readonly findings: readonly ContractViolation[];
};

type ContractSetting = {
  readonly environment: TestEnvironment;
  readonly seed: number;
  readonly requests: number;
  readonly progress?: (done: number) => void;
};

/** This many requests are under way at once, and each function gets this many processes. */
const workers = 3;
/** A live order changes once per this many requests. */
const changesEvery = 25;

const Page = z.object({ cursor: z.string() });

/** Throws requests at the running stack, and checks every response against the document. The same seed, the same requests. */
export async function checkContract({ environment, seed, requests: count, progress }: ContractSetting): Promise<Tally> {
  const describedBy = createChecker();
  const counts = new Map<string, Map<string, number>>();
  const findings: ContractViolation[] = [];
  let done = 0;
  let succeeded = 0;

  async function send(meant: GeneratedRequest, headers: Readonly<Record<string, string>> = {}): Promise<Response> {
    const { target, init } = compose(meant.operation, meant.parameters, meant.body);
    const request = `${meant.operation.method} ${target} ${meant.body ?? ''}`.trim();
    const response = await fetch(`${environment.url}${target}`, {
      ...init,
      headers: { ...init.headers, ...headers },
    }).catch((cause: unknown) => Promise.reject(new Error(`${request} got no response`, { cause })));
    const text = await response.clone().text();
    const reported = { status: response.status, type: response.headers.get('content-type'), text };
    for (const complaint of checker(meant, reported, describedBy)) {
      findings.push({ request, complaint });
    }
    const column = isRpcError(reported) ? 'error' : String(reported.status);
    const ofOperation = counts.get(meant.operation.name) ?? new Map<string, number>();
    counts.set(meant.operation.name, ofOperation.set(column, (ofOperation.get(column) ?? 0) + 1));
    if (column === '200') succeeded += 1;
    done += 1;
    progress?.(done);
    return response;
  }

  async function sendAndCheck(meant: GeneratedRequest): Promise<void> {
    const response = await send(meant);
    if (!meant.goesOn || meant.spoiled !== undefined || !response.ok) return;
    const etag = response.headers.get('etag');
    if (etag !== null) await send(meant, { 'if-none-match': etag });
    const page = z.safeParse(Page, await response.json());
    if (page.success) await send({ ...meant, parameters: [...meant.parameters, ['cursor', page.data.cursor]] });
  }

  const arbitrary = requests(readOperations(), environment.known);
  const meant = meantBy(arbitrary, seed);
  async function work(): Promise<void> {
    for (const next of meant) {
      if (done >= count) return;
      if (done % changesEvery === 0) environment.live(done);
      await sendAndCheck(next);
    }
  }
  await Promise.all(Array.from({ length: workers }, work));
  return { counts, requests: done, succeeded, findings };
}

/** One at a time: thousands at once would hold up the stack, which is in this process. */
function* meantBy(arbitrary: fc.Arbitrary<GeneratedRequest>, seed: number): Generator<GeneratedRequest, void> {
  for (let i = 0; ; i += 1) yield* fc.sample(arbitrary, { seed: Math.imul(seed, 0x9e3779b1) ^ i, numRuns: 1 });
}

/** The counts as a table: a line an operation, a column a status. */
export function tableOf({ counts, requests: total, succeeded }: Tally): string {
  const columns = [...new Set([...counts.values()].flatMap((row) => [...row.keys()]))].toSorted();
  const line = (name: string, cells: readonly (string | number)[]) =>
    `${name.padEnd(18)}${cells.map((cell) => String(cell).padStart(7)).join('')}`;
  const share = ((succeeded / total) * 100).toFixed(1);
  return [
    line('', columns),
    ...[...counts].toSorted().map(([name, row]) =>
      line(
        name,
        columns.map((column) => row.get(column) ?? 0),
      ),
    ),
    `${total} requests, ${share} % of them succeeded`,
  ].join('\n');
}

/** Operations that were never requested. */
export function neverRequested({ counts }: Tally): readonly DescribedOperation['name'][] {
  return readOperations()
    .map(({ name }) => name)
    .filter((name) => !counts.has(name));
}
