import { afterAll, beforeAll, expect, it } from 'vitest';
import { createDynamoAccountTable } from '../../../lib/accounts/dynamo-table.ts';
import { isPaused } from '../../../lib/accounts/table.ts';
import { startFaultyProxy } from '../../emulator/aws/faulty-proxy.ts';
import { startFakeAws } from './fake-aws.ts';
import {
  names,
  type OpsTestBed,
  runHere,
  runSchedule,
  spawnOps,
  startOpsTestBed,
  tablePermissions,
} from './ops-test-bed.ts';

let ops: OpsTestBed;
beforeAll(async () => {
  ops = await startOpsTestBed();
  await runSchedule(ops);
});
afterAll(() => ops.stop());

const main = ['pause', '--account', 'main', '--stage', 'dev'];

it('ops pause pauses an account for a while and says so, and ops resume lets it continue', async () => {
  const accounts = createDynamoAccountTable(ops.engine);
  const { clock } = ops;
  expect(await ops.run(main)).toEqual({ code: 0, out: 'Account main is not paused.\n', stderr: '' });
  const { code, out } = await ops.run([...main, '--minutes', '30']);
  expect(code).toBe(0);
  expect(out).toBe(`Account main is paused until ${new Date(clock.now() + 30 * 60_000).toISOString()}, by anna.\n`);
  const paused = await accounts.readAccount('main');
  expect(isPaused(paused, clock.now())).toBe(true);
  expect(isPaused(paused, clock.now() + 31 * 60_000)).toBe(false);
  clock.advance(1_000);
  expect((await ops.run(['pause', '--account', 'main', '--table', names.table])).out).toBe(out);
  expect((await ops.run([...main, '--resume'])).out).toBe('Account main is not paused.\n');
  expect(isPaused(await accounts.readAccount('main'), clock.now())).toBe(false);
});

it('ops pause says in JSON who paused an account and until when', async () => {
  const { clock } = ops;
  clock.advance(1_000);
  const { out } = await ops.run([...main, '--minutes', '5', '--by', 'bert', '--json']);
  const until = new Date(clock.now() + 5 * 60_000).toISOString();
  expect(JSON.parse(out)).toEqual({ account: 'main', paused: true, until, by: 'bert' });
  clock.advance(6 * 60_000);
  expect(JSON.parse((await ops.run([...main, '--json'])).out)).toEqual({ account: 'main', paused: false });
});

it.each([
  [['pause', '--account', 'mian', '--stage', 'dev', '--minutes', '5'], 2, 'The table has no account mian.'],
  [['pause', '--table', 'snapshots'], 2, "Required option '--account <name>' not specified"],
  [[...main, '--minutes', '0'], 2, '--minutes takes a whole number'],
  [[...main, '--minutes', '5', '--resume'], 2, 'Give --minutes or --resume, not both'],
  [[...main, '--nonsense'], 2, "Unknown option '--nonsense'"],
  [['pause', '--account', 'main', '--stage', 'prod'], 1, 'There is no table order-state-snapshots-prod-SnapshotTable…'],
])('ops pause and ops resume refuse %j in one line', async (args, code, line) => {
  const { code: exit, stderr } = await ops.run(args);
  expect(exit).toBe(code);
  expect(stderr).toContain(line);
  expect(stderr.trimEnd().split('\n')).toHaveLength(1);
});

it('ops pause writes nothing for an account that the table does not have', async () => {
  await ops.run(['pause', '--account', 'mian', '--stage', 'dev', '--minutes', '5']);
  const { pause } = await createDynamoAccountTable(ops.engine).readAccount('mian');
  expect(pause).toBeUndefined();
});

it('ops pause works from a shell, with the credentials and the endpoint of the environment', async () => {
  const stack = { outputs: { SnapshotTable: names.table }, resources: {} };
  const concurrency = { quota: 0, unreserved: 0, ofFunction: 0 };
  const aws = await startFakeAws({ stack, concurrency, secrets: {}, dashboards: [], denied: [], others: ops.url });
  const env = {
    AWS_ACCESS_KEY_ID: 'local',
    AWS_SECRET_ACCESS_KEY: 'local',
    AWS_REGION: 'eu-central-1',
    AWS_ENDPOINT_URL: aws.url,
  };
  expect(await spawnOps(main, env)).toEqual({ code: 0, out: 'Account main is not paused.\n', stderr: '' });
  await aws.stop();
});

it('ops pause uses exactly the permissions that the runbooks list for it', async () => {
  const proxy = await startFaultyProxy(ops.url);
  const used = new Set<string>();
  proxy.play((operation) => void used.add(operation));
  const args = ['pause', '--account', 'main', '--table', names.table, '--minutes', '5', '--endpoint', proxy.url];
  expect((await runHere('npm run ops --', args, ops.clock)).code).toBe(0);
  await proxy.stop();
  expect(tablePermissions('pause')).toEqual([...used].toSorted());
});
