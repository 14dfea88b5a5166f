import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { systemClock } from '../../../lib/clock.ts';
import { type Exchange, startExchange } from '../../emulator/exchange/server.ts';
import { secretText } from '../../lib/test-bed.ts';
import { names, type OpsTestBed, spawnOps, startOpsTestBed } from './ops-test-bed.ts';

const current = { clientId: 'desk', clientSecret: 'a-secret-that-nobody-may-see' };
const pending = { clientId: 'desk-2', clientSecret: 'another-that-nobody-may-see' };
const dialects = ['orangex', 'deribit'] as const;

let ops: OpsTestBed;
let exchange: Exchange | undefined;
beforeEach(async () => {
  ops = await startOpsTestBed();
});
afterEach(async () => {
  await Promise.all([ops.stop(), exchange?.stop()]);
  exchange = undefined;
});

type Setting = { readonly dialect?: (typeof dialects)[number]; readonly scope?: string; readonly now?: () => number };

/** An exchange that knows both keys; `scope` is theirs. */
async function at({ dialect = 'orangex', scope, now }: Setting = {}): Promise<readonly string[]> {
  const keys = [current, pending].map((key) => ({ ...key, ...(scope !== undefined && { scope }) }));
  exchange = await startExchange({ dialect, keys, ...(now !== undefined && { now }) });
  return ['--exchange', exchange.url, '--dialect', dialect];
}

const run = (command: 'check' | 'rehearse', args: readonly string[]) =>
  ops.run(['keys', command, 'main', ...args], { clock: systemClock });

/** The level and subject of each line. */
const inShort = (out: string) =>
  out.split('\n').flatMap((line) => /^(ok|WARNING|FAILED) +(\w+):/.exec(line)?.slice(1).join(' ') ?? []);

const allWell = ['ok key', 'ok environment', 'ok clock', 'ok scope', 'ok orders'];

it.each(dialects)('ops keys check shows the environment, the clock and the scope of a key of %s', async (dialect) => {
  const where = await at({ dialect });
  const version = ops.secrets.put(names.secret, secretText(current));
  const { code, out, stderr } = await run('check', where);
  expect([code, stderr, inShort(out)]).toEqual([0, '', allWell]);
  expect(out).toMatch(new RegExp(`^ok {7}key: version ${version}, written \\d{4}-\\d\\d-\\d\\dT`));
  expect(out).toContain(`${exchange?.url}, not the production exchange of ${dialect}, accepts the key\n`);
  expect(out).toMatch(/clock: agrees with the exchange's within [01]\.\d\d s\n/);
  expect(out).toMatch(/scope: (connection )?account:read trade:read/);
  expect(out).not.toMatch(/nobody-may-see/);
});

it.each(dialects)('ops keys check warns loudly about a key of %s that may trade', async (dialect) => {
  const where = await at({ dialect, scope: 'account:read trade:read_write' });
  ops.secrets.put(names.secret, secretText(current));
  const { code, out } = await run('check', where);
  expect(code).toBe(0);
  expect(out).toMatch(/^WARNING {2}scope: .*trade:read_write: THE KEY MAY DO MORE THAN READ\./m);
});

it.each([
  ['orangex', 30_000, 'WARNING', 'behind'],
  ['deribit', 30_000, 'WARNING', 'behind'],
  ['deribit', -90_000, 'FAILED', 'ahead of'],
] as const)('ops keys check warns that the clock is off, at %s by %d ms', async (dialect, offsetMs, level, where) => {
  const options = await at({ dialect, now: () => Date.now() + offsetMs });
  ops.secrets.put(names.secret, secretText(current));
  const { code, out } = await run('check', options);
  expect(code).toBe(level === 'FAILED' ? 1 : 0);
  const [, seconds] = new RegExp(`${level} +clock: (\\d+\\.\\d\\d) s ${where} the exchange's`).exec(out) ?? [];
  expect(Math.abs(Number(seconds) - Math.abs(offsetMs) / 1_000)).toBeLessThan(1);
});

it('ops keys check fails for a key that the exchange refuses, with its code, after one call', async () => {
  const where = await at();
  ops.secrets.put(names.secret, secretText({ ...current, clientSecret: 'wrong' }));
  const { code, out } = await run('check', where);
  expect([code, inShort(out)]).toEqual([1, ['ok key', 'FAILED environment']]);
  expect(out).toContain(
    'key_refused. The exchange returned error 13004: the key is wrong or for the other environment',
  );
  expect(exchange?.requests).toHaveLength(1);
});

it('ops keys check fails for a key that may not read orders', async () => {
  const where = await at({ scope: 'account:read' });
  ops.secrets.put(names.secret, secretText(current));
  const { code, out } = await run('check', where);
  expect([code, inShort(out)]).toEqual([1, [...allWell.slice(0, 4), 'FAILED orders']]);
});

it.each([
  ['secret_malformed', 'nobody-may-see'],
  ['secret_empty', '{"client_id":"","client_secret":"nobody-may-see"}'],
])(
  'ops keys check names the code (%s) of a secret version that holds no key, and calls no exchange',
  async (code, text) => {
    const where = await at();
    ops.secrets.put(names.secret, text);
    const ran = await run('check', where);
    expect([ran.code, inShort(ran.out)]).toEqual([1, ['FAILED key']]);
    expect(ran.out).toContain(`: ${code}. The secret ${names.secret} `);
    expect(ran.out).not.toContain('nobody-may-see');
    expect(exchange?.requests).toEqual([]);
  },
);

it('ops keys check prints JSON, and takes the exchange from the stage table', async () => {
  const where = await at();
  ops.secrets.put(names.secret, secretText(current));
  const { out } = await run('check', [...where, '--json']);
  expect(JSON.parse(out).map(({ what }: { what: string }) => what)).toEqual(allWell.map((line) => line.slice(3)));
  const { code, stderr } = await run('check', []);
  expect([code, stderr]).toEqual([2, expect.stringContaining('Give --exchange and --dialect to check the key with.')]);
});

it.each(dialects)(
  'ops keys rehearse tries the pending key at %s, changes nothing, and prints how to promote it',
  async (dialect) => {
    const where = await at({ dialect });
    const held = ops.secrets.put(names.secret, secretText(current));
    const next = ops.secrets.put(names.secret, secretText(pending), ['AWSPENDING']);
    const { code, out } = await run('rehearse', where);
    expect([code, inShort(out)]).toEqual([0, allWell]);
    expect(out.split('\n').slice(-3)).toEqual([
      'Nothing was changed. To promote it:',
      `aws secretsmanager update-secret-version-stage --secret-id ${names.secret} --version-stage AWSCURRENT --move-to-version-id ${next} --remove-from-version-id ${held}`,
      '',
    ]);
    expect(exchange?.requests.map(({ call, body, headers }) => [call, body + headers.authorization])).toEqual([
      ['auth', expect.stringContaining('"desk-2"')],
      ...(dialect === 'orangex' ? [['auth', expect.stringContaining('"desk-2"')]] : []),
      ['get_order_state', expect.not.stringContaining('id=desk,')],
    ]);
    expect(ops.secrets.requests.every(({ operation }) => ['GetSecretValue', 'ListSecrets'].includes(operation))).toBe(
      true,
    );
    expect(await labelled('AWSCURRENT')).toBe(held);
    expect(await labelled('AWSPENDING')).toBe(next);
  },
);

it('ops keys rehearse fails for a pending key that does not work, and prints no way to promote it', async () => {
  const where = await at();
  ops.secrets.put(names.secret, secretText(current));
  for (const text of [secretText({ ...pending, clientSecret: 'wrong' }), 'nobody-may-see', '']) {
    ops.secrets.put(names.secret, text, ['AWSPENDING']);
    const { code, out } = await run('rehearse', where);
    expect(code).toBe(1);
    expect(out).toContain('FAILED');
    expect(out).not.toMatch(/promote|nobody-may-see/);
  }
});

it('ops keys rehearse works when the current version is no key, because that is what it is for', async () => {
  const where = await at();
  ops.secrets.put(names.secret, 'oops');
  ops.secrets.put(names.secret, secretText(pending), ['AWSPENDING']);
  expect((await run('rehearse', where)).code).toBe(0);
});

it('ops keys rehearse says that no key is pending, whether none was ever stored or it was promoted already', async () => {
  const where = await at();
  ops.secrets.put(names.secret, secretText(current));
  const line = `${names.secret} has no pending version: store one with account add main --pending\n`;
  expect(await run('rehearse', where)).toEqual({ code: 1, out: '', stderr: line });
  ops.secrets.put(names.secret, secretText(current), ['AWSCURRENT', 'AWSPENDING']);
  expect(await run('rehearse', where)).toEqual({ code: 1, out: '', stderr: line });
});

it('ops keys rehearse works from a shell after account add --pending, which leaves the current key alone', async () => {
  const where = await at();
  const held = ops.secrets.put(names.secret, secretText(current));
  const options = [...where, '--endpoint', ops.url];
  const promptSecret = async (question: string) =>
    question.startsWith('client_id') ? pending.clientId : pending.clientSecret;
  const added = await ops.run(['account', 'add', 'main', '--pending', ...where], {
    terminal: { promptSecret },
    clock: systemClock,
  });
  expect(added.out).toMatch(/The key of account main is pending in .+, version [0-9a-f-]{36}\.\n$/);
  expect(await labelled('AWSCURRENT')).toBe(held);
  const rehearsed = await spawnOps(['keys', 'rehearse', 'main', ...options]);
  expect([rehearsed.code, rehearsed.stderr]).toEqual([0, '']);
  expect(added.out + rehearsed.out).not.toContain('nobody-may-see');
});

/** The version that has a label. */
async function labelled(VersionStage: string): Promise<string | undefined> {
  const credentials = { accessKeyId: 'local', secretAccessKey: 'local' };
  const client = new SecretsManagerClient({ endpoint: ops.secrets.url, region: 'eu-central-1', credentials });
  const { VersionId } = await client.send(new GetSecretValueCommand({ SecretId: names.secret, VersionStage }));
  client.destroy();
  return VersionId;
}
