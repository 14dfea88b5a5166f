import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { lineOf } from '../../../cdk/ops/command-error.ts';
import { isLoopback, placeOf, timeOf } from '../../../cdk/ops/options.ts';
import { type Operating, spawnOps, startOperating } from './operating.ts';

let ops: Operating;
beforeAll(async () => {
  ops = await startOperating();
});
afterAll(() => ops.stop());

const commands = ['account add', 'orders', 'order', 'export', 'verify', 'pause', 'republish', 'redrive'];

describe('the command line', () => {
  it('lists every command, and each has a help with all options that it shares with the others', async () => {
    const all = await ops.run(['--help']);
    expect([all.code, all.stderr]).toEqual([0, '']);
    for (const command of commands) {
      expect(all.out).toContain(`npm run ops -- ${command} `);
      const { code, out, stderr } = await ops.run([...command.split(' '), '--help']);
      expect([code, stderr]).toEqual([0, '']);
      for (const option of ['stage', 'table', 'region', 'endpoint', 'json', 'help'])
        expect(out).toContain(`--${option} `);
      expect(out).toContain(`npm run ops -- ${command} `);
      expect(out).toContain('2 wrong options.\n');
      for (const line of out.split('\n')) expect(line.length).toBeLessThanOrEqual(120);
    }
  });

  it('refuses what is no command', async () => {
    const { code, stderr } = await ops.run(['ordres']);
    expect(code).toBe(2);
    expect(stderr).toBe('There is no command ordres. See: npm run ops -- --help\n');
  });

  it('needs no settings of AWS for an endpoint on this machine, nor a stage where there is only one table', async () => {
    const { code, out, stderr } = await spawnOps(['orders', '--account', 'main', '--endpoint', ops.url]);
    expect([code, stderr]).toEqual([0, '']);
    expect(out).toBe('Account main has no live orders.\n');
  });

  it('says in one line what an operator does without a region, and without credentials', async () => {
    const table = ['orders', '--account', 'main', '--table', 'any'];
    const noRegion = await spawnOps(table);
    expect(noRegion.stderr).toBe('The AWS region is not known: give --region, or set AWS_REGION.\n');
    const env = { AWS_EC2_METADATA_DISABLED: 'true', AWS_REGION: 'eu-central-1' };
    const noCredentials = await spawnOps(table, env);
    expect(noCredentials.stderr).toBe('No AWS credentials were found: sign in (aws sso login), or set AWS_PROFILE.\n');
    expect([noRegion.code, noCredentials.code]).toEqual([1, 1]);
  });

  it('says in one line that nobody answers at the endpoint', async () => {
    const gone = await startOperating();
    await gone.stop();
    const { code, stderr } = await gone.run(['verify']);
    expect(code).toBe(1);
    expect(stderr).toBe(
      `Nobody answers at ${gone.url.slice(7)}: is this the address that npm start shows, and does it still run?\n`,
    );
  });
});

describe('where the stack is', () => {
  it('has to be told', () => {
    expect(() => placeOf({})).toThrow('give --stage or --table');
    expect(() => placeOf({ region: 'eu-central-1' })).toThrow('give --stage or --table');
    expect(placeOf({ stage: 'dev' })).toEqual({ stage: 'dev' });
  });

  it.each([
    'http://example.com',
    'ftp://127.0.0.1',
    'example.com',
    'https://example.com/path',
    'http://127.0.0.1.example.com',
  ])('is never %s, which would be spoken to in the open or is no address', (endpoint) =>
    expect(() => placeOf({ endpoint })).toThrow('--endpoint takes an https address'),
  );

  it.each(['http://127.0.0.1:8000', 'http://localhost:8000', 'http://[::1]:8000'])('may be %s', (endpoint) => {
    expect(isLoopback(endpoint)).toBe(true);
    expect(placeOf({ endpoint }).endpoint).toBe(endpoint);
  });
});

it.each([
  ['2026-01-01', Date.UTC(2026, 0, 1)],
  ['2026-01-01T12:00:00Z', Date.UTC(2026, 0, 1, 12)],
  ['2026-01-01T12:00:00.5+02:00', Date.UTC(2026, 0, 1, 10, 0, 0, 500)],
])('takes %s for a time', (given, time) => expect(timeOf('since', given)).toBe(time));

it('tells a failure with the cause that AWS gave', () => {
  const cause = new Error('Requested resource not found\nand more');
  expect(lineOf(new Error('It failed.', { cause }))).toBe('It failed.');
});
