import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createDynamoAccountTable } from '../../../lib/accounts/dynamo-table.ts';
import { isPaused } from '../../../lib/accounts/table.ts';
import { type Engine, startDynalite } from '../../engines.ts';

const script = fileURLToPath(new URL('../../pause.ts', import.meta.url));
/** As CloudFormation names the table of stage dev. */
const tableName = 'order-state-snapshots-dev-SnapshotTable1A2B3C-4D5E6F';
let engine: Engine;
let env: NodeJS.ProcessEnv;

beforeAll(async () => {
  engine = await startDynalite(tableName);
  const endpoint = await engine.client.config.endpoint?.();
  env = {
    PATH: process.env['PATH'],
    HOME: '/nowhere',
    AWS_ACCESS_KEY_ID: 'local',
    AWS_SECRET_ACCESS_KEY: 'local',
    AWS_ENDPOINT_URL_DYNAMODB: `http://127.0.0.1:${endpoint?.port}`,
  };
});
afterAll(() => engine.stop());

/** The command's exit code and its line. */
function pause(...args: readonly string[]): Promise<readonly [code: unknown, line: string]> {
  return new Promise((resolve) => {
    execFile(process.execPath, [script, ...args], { env }, (error, stdout, stderr) => {
      resolve([error?.code ?? 0, (stdout + stderr).trim()]);
    });
  });
}

const main = ['--account', 'main', '--stage', 'dev', '--region', 'eu-central-1'];

it('pauses an account for a while, says so, and lets it go on', async () => {
  const accounts = createDynamoAccountTable(engine);
  expect(await pause(...main)).toEqual([0, 'Account main is not paused.']);
  const [code, line] = await pause(...main, '--minutes', '30', '--by', 'anna');
  expect(code).toBe(0);
  expect(line).toMatch(/^Account main is paused until \d{4}-\d\d-\d\dT[\d:.]+Z, by anna\.$/);
  const paused = await accounts.readAccount('main');
  expect(isPaused(paused, Date.now())).toBe(true);
  expect(isPaused(paused, Date.now() + 31 * 60_000)).toBe(false);
  const named = ['--account', 'main', '--table', tableName, '--region', 'eu-central-1'];
  expect((await pause(...named))[1]).toBe(line);
  expect(await pause(...main, '--resume')).toEqual([0, 'Account main is not paused.']);
  expect(isPaused(await accounts.readAccount('main'), Date.now())).toBe(false);
});

it.each([
  [['--table', 'snapshots'], 2, 'give the --account'],
  [['--account', 'main'], 2, 'give --stage or --table'],
  [[...main, '--minutes', '0'], 2, '--minutes takes a whole number'],
  [[...main, '--minutes', '5', '--resume'], 2, '--minutes takes a whole number'],
  [[...main, '--nonsense'], 2, "Unknown option '--nonsense'"],
  [['--account', 'main', '--stage', 'prod', '--region', 'eu-central-1'], 1, '0 tables are called'],
])('refuses %j in one line', async (args, code, line) => {
  const [exit, said] = await pause(...args);
  expect(exit).toBe(code);
  expect(said).toContain(line);
  expect(said.split('\n')).toHaveLength(1);
});
