import { afterAll, beforeAll, expect, it } from 'vitest';
import { errorLine } from '../../../cdk/ops/error-line.ts';
import { endpointUrl, isLoopback, targetOf, timeOption } from '../../../cdk/ops/options.ts';
import { names, type OpsTestBed, runHere, runSchedule, spawnOps, startOpsTestBed } from './ops-test-bed.ts';

let ops: OpsTestBed;
beforeAll(async () => {
  ops = await startOpsTestBed();
});
afterAll(() => ops.stop());

const commands = [
  'preflight',
  'adopt',
  'account add',
  'orders',
  'order',
  'export',
  'verify',
  'pause',
  'republish',
  'redrive',
];

it('the command line of npm run ops lists every command, and each command has a help text with examples and the shared options', async () => {
  const all = await runHere('npm run ops --', ['--help']);
  expect([all.code, all.stderr]).toEqual([0, '']);
  for (const command of commands) {
    expect(all.out).toMatch(new RegExp(`^  ${command.split(' ')[0]} `, 'm'));
    const { code, out, stderr } = await ops.run([...command.split(' '), '--help']);
    expect([code, stderr]).toEqual([0, '']);
    for (const option of ['stage', 'region', 'endpoint', 'help']) expect(out).toContain(`--${option} `);
    const isDeployed = !['preflight', 'adopt'].includes(command);
    if (isDeployed) expect(out).toMatch(/--table .*--json /s);
    expect(out).toContain(`Usage: npm run ops -- ${command} `);
    expect(out).toContain(`\nExamples:\n  npm run ops -- ${command} `);
    expect(out).toContain('2 wrong options.\n');
    for (const line of out.split('\n')) expect(line.length).toBeLessThanOrEqual(120);
  }
});

it('the command line of npm run ops names itself in messages as it was called, such as with npx where the package is installed', async () => {
  const { out } = await ops.run(['ops', 'orders', '--help'], { program: 'npx order-state-snapshots' });
  expect(out).toContain('Usage: npx order-state-snapshots ops orders [options]\n');
  const wrong = await ops.run(['ops', 'orders'], { program: 'npx order-state-snapshots' });
  expect(wrong.stderr).toBe(
    "Required option '--account <name>' not specified. See: npx order-state-snapshots ops orders --help\n",
  );
});

it('the command line of npm run ops shows the help and exits 2 without a command', async () => {
  const { code, stderr } = await runHere('npm run ops --', []);
  expect(code).toBe(2);
  expect(stderr).toContain('Usage: npm run ops --');
});

it('the command line of npm run ops refuses an unknown command, and suggests the one that was probably meant', async () => {
  const { code, stderr } = await runHere('npm run ops --', ['ordres']);
  expect(code).toBe(2);
  expect(stderr).toBe("Unknown command 'ordres' (Did you mean orders?). See: npm run ops -- --help\n");
});

it('the command line of npm run ops requires no AWS settings for a local endpoint, and no stage where there is only one table', async () => {
  await runSchedule(ops);
  const { code, out, stderr } = await spawnOps(['orders', '--account', 'main', '--endpoint', ops.url]);
  expect([code, stderr]).toEqual([0, '']);
  expect(out).toBe('Account main has no live orders.\n');
});

it('the command line of npm run ops says in one line what to do without a region, and without credentials', async () => {
  const table = ['orders', '--account', 'main', '--table', 'any'];
  const noRegion = await spawnOps(table);
  expect(noRegion.stderr).toBe('The AWS region is not known: give --region, or set AWS_REGION.\n');
  const env = { AWS_EC2_METADATA_DISABLED: 'true', AWS_REGION: 'eu-central-1' };
  const noCredentials = await spawnOps(table, env);
  expect(noCredentials.stderr).toBe('No AWS credentials were found: sign in (aws sso login), or set AWS_PROFILE.\n');
  expect([noRegion.code, noCredentials.code]).toEqual([1, 1]);
});

it('the command line of npm run ops says in one line that the endpoint does not respond', async () => {
  const gone = await startOpsTestBed();
  await gone.stop();
  const { code, stderr } = await gone.run(['verify']);
  expect(code).toBe(1);
  expect(stderr).toBe(
    `No response from ${gone.url.slice(7)}: is it the address that npm start shows, and is it still running?\n`,
  );
});

it.each([
  ['orders', '--account', 'main'],
  ['order', 'A', '--account', 'main'],
  ['export', '--since', '2026-01-01', '--format', 'csv'],
  ['verify'],
  ['pause', '--account', 'main'],
  ['republish', '--since', '2026-01-01', '--bus', names.bus],
  ['restore', '--from', names.table],
])('ops %s says that the table of --table does not exist, and what to check', async (...args) => {
  const { code, out, stderr } = await ops.run([...args, '--table', 'nope']);
  expect(stderr).toContain(
    `There is no table nope here: check its name, and --region. See: npm run ops -- ${args[0]} --help\n`,
  );
  expect([code, out]).toEqual([2, '']);
});

it('an ops command requires --stage or --table', () => {
  expect(() => targetOf({})).toThrow('Give --stage or --table');
  expect(() => targetOf({ region: 'eu-central-1' })).toThrow('Give --stage or --table');
  expect(targetOf({ stage: 'dev' })).toEqual({ stage: 'dev' });
});

it.each([
  'http://example.com',
  'ftp://127.0.0.1',
  'example.com',
  'https://example.com/path',
  'http://127.0.0.1.example.com',
])('--endpoint refuses %s, which is not encrypted or not an address', (endpoint) =>
  expect(() => endpointUrl(endpoint)).toThrow('--endpoint takes an https address'),
);

it.each(['http://127.0.0.1:8000', 'http://localhost:8000', 'http://[::1]:8000'])(
  '--endpoint accepts %s',
  (endpoint) => {
    expect(isLoopback(endpoint)).toBe(true);
    expect(endpointUrl(endpoint)).toBe(endpoint);
  },
);

it.each([
  ['2026-01-01', Date.UTC(2026, 0, 1)],
  ['2026-01-01T12:00:00Z', Date.UTC(2026, 0, 1, 12)],
  ['2026-01-01T12:00:00.5+02:00', Date.UTC(2026, 0, 1, 10, 0, 0, 500)],
])('an ops command reads the time %s', (given, time) => expect(timeOption('--since')(given)).toBe(time));

it('an ops command prints only the first line of an error', () => {
  const cause = new Error('Requested resource not found\nand more');
  expect(errorLine(new Error('It failed.', { cause }))).toBe('It failed.');
});
