import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { operate, type Program } from '../../../cdk/ops/operate.ts';
import type { Terminal } from '../../../cdk/ops/terminal.ts';
import { createDynamoAccountTable } from '../../../lib/accounts/dynamo-table.ts';
import { type Clock, systemClock } from '../../../lib/clock.ts';
import { createDynamoTable } from '../../../lib/snapshots/dynamo-table.ts';
import type { Observation } from '../../../lib/snapshots/snapshot.ts';
import { createSnapshotStore, type SnapshotStore } from '../../../lib/snapshots/store.ts';
import { startAwsEndpoint } from '../../emulator/aws/aws-endpoint.ts';
import { observationOf, opened, type ReplyFields, start } from '../../lib/snapshots/observations.ts';
import { policy } from '../../lib/snapshots/table-contract.ts';
import { createVirtualClock, type VirtualClock } from '../../lib/virtual-clock.ts';
import { type LocalAws, startLocalAws } from '../../local-aws.ts';

/** What a command printed, and its exit code. */
type Ran = { readonly code: number; readonly out: string; readonly stderr: string };

type RunOptions = { readonly terminal?: Partial<Terminal>; readonly clock?: Clock; readonly program?: Program };

/** A deployed stack of stage dev, as far as operators reach it, behind one address; and an operator. */
export type OpsTestBed = LocalAws & {
  readonly url: string;
  readonly store: SnapshotStore;
  /** Starts at the latest time in the observations of these tests. */
  readonly clock: VirtualClock;
  /** Runs a command here. */
  readonly run: (args: readonly string[], options?: RunOptions) => Promise<Ran>;
  /** Stores what an exchange would return. */
  readonly observe: (orderId: string, reply?: Partial<ReplyFields>) => Promise<void>;
};

/** As CloudFormation names them. */
export const names = {
  table: 'order-state-snapshots-dev-SnapshotTable1A2B3C-4D5E6F',
  transitions: 'order-state-snapshots-dev-TransitionDeadLetters-Ab1Cd2Ef3',
  sweeps: 'order-state-snapshots-dev-SweepDeadLetters-Gh4Ij5Kl6',
  secret: 'order-state-snapshots/dev/main/exchange-key',
  bus: 'order-state-snapshots-dev',
};

/** The schedule of account main runs for the first time. */
export async function runSchedule({ engine }: OpsTestBed): Promise<void> {
  await createDynamoAccountTable(engine).takeLease('main', { owner: 'sweep', until: start + 1_000, now: start });
}

/** What an exchange would return for an order of account main. */
export function seenOf(orderId: string, reply: Partial<ReplyFields> = {}): Observation {
  return observationOf({ account: 'main', orderId }, { ...opened, ...reply });
}

export async function startOpsTestBed(): Promise<OpsTestBed> {
  const aws = await startLocalAws({
    tableName: names.table,
    queues: [names.transitions, names.sweeps],
    buses: [names.bus],
  });
  const { engine, secrets, queues, bus } = aws;
  secrets.create(names.secret);
  const { url, stop } = await startAwsEndpoint({
    DynamoDB_20120810: engine.url,
    secretsmanager: secrets.url,
    AmazonSQS: queues.url,
    AWSEvents: bus.url,
  });
  const store = createSnapshotStore(createDynamoTable({ ...engine, policyOf: () => policy }));
  const clock = createVirtualClock(start + 100_000);
  return {
    ...aws,
    url,
    store,
    clock,
    run: async (args, options = {}) => {
      let [out, stderr] = ['', ''];
      const terminal: Terminal = {
        out: (text) => {
          out += text;
        },
        log: (text) => {
          stderr += text;
        },
        draw: (text) => {
          stderr += text;
        },
        columns: 0,
        promptSecret: undefined,
        user: 'anna',
        ...options.terminal,
      };
      const { program = 'npm run ops --', clock: time = clock } = options;
      const code = await operate(program, [...args, '--endpoint', url], { terminal, clock: time });
      return { code, out, stderr };
    },
    observe: async (orderId, reply = {}) => {
      await store.record(seenOf(orderId, reply));
    },
    stop: async () => {
      await stop();
      await aws.stop();
    },
  };
}

/** Runs a command of a program here, without an endpoint: with the settings of the environment. */
export async function runHere(program: Program, args: readonly string[], clock: Clock = systemClock): Promise<Ran> {
  let [out, stderr] = ['', ''];
  const log = (text: string) => {
    stderr += text;
  };
  const terminal: Terminal = {
    out: (text) => {
      out += text;
    },
    log,
    draw: log,
    columns: 0,
    promptSecret: undefined,
    user: 'anna',
  };
  const code = await operate(program, args, { terminal, clock });
  return { code, out, stderr };
}

/** Runs a command as people do: in a separate process, with no AWS settings but these. */
export function spawnOps(args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Ran> {
  return spawnScript('main.ts', args, env);
}

export function spawnSmoke(args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Ran> {
  return spawnScript('smoke.ts', args, env);
}

function spawnScript(script: string, args: readonly string[], env: NodeJS.ProcessEnv): Promise<Ran> {
  const path = fileURLToPath(new URL(`../../../cdk/ops/${script}`, import.meta.url));
  return new Promise((resolve) => {
    const options = { env: { PATH: process.env['PATH'], HOME: '/nowhere', ...env } };
    execFile(process.execPath, [path, ...args], options, (error, out, stderr) => {
      resolve({ code: Number(error?.code ?? 0), out, stderr });
    });
  });
}

/** The actions on tables that the runbooks list for a command. */
export function tablePermissions(command: string): readonly string[] {
  const runbooks = readFileSync(new URL('../../../cdk/runbooks.md', import.meta.url), 'utf8');
  const [, actions = ''] = new RegExp(`^\\| \`${command}\` \\| (.*) \\|$`, 'm').exec(runbooks) ?? [];
  return [...new Set([...actions.matchAll(/`(?:dynamodb:)?(\w+)`/g)].map(([, action = '']) => action))].toSorted();
}
