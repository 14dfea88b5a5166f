import { PutSecretValueCommand } from '@aws-sdk/client-secrets-manager';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { createSecretsManagerClient } from '../../../lib/aws/clients.ts';
import type { Credentials } from '../../../lib/exchange/auth.ts';
import { createCredentials } from '../../../lib/exchange/credentials.ts';
import { type SecretsManager, startSecretsManager } from '../../emulator/aws/secrets-manager/server.ts';
import { failureOf, printed } from '../thrown.ts';
import { createVirtualClock, type VirtualClock } from '../virtual-clock.ts';

const secretName = 'order-state-snapshots/test/main/exchange-key';
const canary = 'canary-3e9a';
const keyText = (clientId = 'tester', clientSecret = canary) =>
  JSON.stringify({ client_id: clientId, client_secret: clientSecret });

const minute = 60_000;
const grace = 65 * minute;

let manager: SecretsManager;
let clock: VirtualClock;
let credentials: Credentials;
let client: ReturnType<typeof createSecretsManagerClient>;

beforeEach(async () => {
  manager = await startSecretsManager();
  clock = createVirtualClock();
  client = createSecretsManagerClient({
    AWS_REGION: 'eu-central-1',
    AWS_ACCESS_KEY_ID: 'test',
    AWS_SECRET_ACCESS_KEY: 'test',
    AWS_ENDPOINT_URL_SECRETS_MANAGER: manager.url,
  });
  credentials = createCredentials({ client, secretName, clock });
});
afterEach(async () => {
  client.destroy();
  await manager.stop();
});

const get = (acquireTimeout = 5_000) => credentials.get(clock.now() + acquireTimeout);
const renew = (version: string, acquireTimeout = 5_000) => credentials.renew(version, clock.now() + acquireTimeout);
const requested = () => manager.count('GetSecretValue');

test('an exchange key comes with the version of its secret', async () => {
  manager.create(secretName);
  const version = manager.put(secretName, keyText());
  const { key, ...rest } = await get();
  expect(rest).toEqual({ version });
  expect([key.clientId, key.clientSecret.reveal()]).toEqual(['tester', canary]);
});

test('an exchange key is read behind a byte-order mark', async () => {
  manager.create(secretName, `\uFEFF${keyText()}`);
  expect((await get()).key.clientId).toBe('tester');
});

test('an exchange key that is stored as binary is refused, and the reason is named', async () => {
  manager.create(secretName);
  const bytes = { SecretBinary: new TextEncoder().encode(keyText()) };
  await client.send(new PutSecretValueCommand({ SecretId: secretName, ...bytes }));
  const failure = await failureOf(get());
  expect(failure.code).toBe('secret_malformed');
  expect(failure.message).toContain('is stored as binary: write it as text');
  expect(printed(failure)).not.toContain(canary);
});

test('an exchange key whose KMS key may not be used is refused, and the missing permission is named', async () => {
  manager.create(secretName, keyText());
  const message = 'Access to KMS is not allowed';
  manager.failAlways({ kind: 'exception', type: 'AccessDeniedException', message });
  const failure = await failureOf(get());
  expect(failure.message).toMatch(/\(AccessDeniedException\): kms:Decrypt with its KMS key is denied\.$/);
});

test('an exchange key is kept for five minutes', async () => {
  manager.create(secretName, keyText());
  await get();
  clock.advance(5 * minute - 1);
  await get();
  expect(requested()).toBe(1);
  clock.advance(1);
  manager.put(secretName, keyText('second'));
  expect((await get()).key.clientId).toBe('second');
});

test('an exchange key is fetched once for all callers that need it at the same time', async () => {
  manager.create(secretName, keyText());
  await Promise.all([get(), get(), get(), renew('?')]);
  expect(requested()).toBe(1);
});

test('an exchange key is fetched again after a failure', async () => {
  manager.fail({ kind: 'denied' });
  manager.create(secretName, keyText());
  await failureOf(get());
  expect((await get()).key.clientId).toBe('tester');
});

test('an exchange key that the exchange refused is fetched again at once', async () => {
  manager.create(secretName, keyText());
  const { version } = await get();
  const newer = manager.put(secretName, keyText('second'));
  expect(await renew(version)).toMatchObject({ version: newer, key: { clientId: 'second' } });
  expect((await get()).version).toBe(newer);
  expect(requested()).toBe(2);
});

test('an exchange key that the exchange refused is replaced by the key that another call has fetched meanwhile', async () => {
  manager.create(secretName, keyText());
  const { version } = await get();
  const newer = manager.put(secretName, keyText('second'));
  await renew(version);
  expect((await renew(version)).version).toBe(newer);
  expect(requested()).toBe(2);
});

test('an exchange key that the exchange refused is fetched once for all calls that are refused at the same time, and each of them gets the newer one', async () => {
  manager.create(secretName, keyText());
  const { version } = await get();
  const newer = manager.put(secretName, keyText('second'));
  const renewed = await Promise.all(Array.from({ length: 50 }, () => renew(version)));
  expect(new Set(renewed.map((key) => key.version))).toEqual(new Set([newer]));
  expect(requested()).toBe(2);
});

test('an exchange key that the exchange refused is not fetched again within ten seconds, even if it is refused again', async () => {
  manager.create(secretName, keyText());
  const { version } = await get();
  for (let i = 0; i < 5; i++) expect((await renew(version)).version).toBe(version);
  // Each fetch that a refusal causes looks for the key before it, too.
  expect(requested()).toBe(3);
  clock.advance(10_000);
  await renew(version);
  expect(requested()).toBe(5);
});

test('an exchange key that the exchange refused is kept when Secrets Manager is down', async () => {
  manager.create(secretName, keyText());
  const { version } = await get();
  manager.failAlways({ kind: 'denied' });
  expect((await renew(version)).version).toBe(version);
});

test.each([
  ['reset', { kind: 'down' }],
  ['denied', { kind: 'denied' }],
  ['sending nonsense', { kind: 'status', status: 502, body: '<html>' }],
  ['broken', { kind: 'exception', type: 'InternalServiceError', message: 'm', status: 500 }],
] as const)(
  'while Secrets Manager is down (%s), the old key is used for another hour, and fetched every ten seconds',
  async (_how, fault) => {
    manager.create(secretName, keyText());
    const { version } = await get();
    manager.failAlways(fault);
    clock.advance(5 * minute);
    expect((await get()).version).toBe(version);
    const once = requested();
    clock.advance(9_999);
    await get();
    expect(requested()).toBe(once);
    clock.advance(1);
    await get();
    expect(requested()).toBe(2 * once - 1);

    clock.advance(grace - 5 * minute - 10_001);
    expect((await get()).version).toBe(version);
    clock.advance(1);
    expect((await failureOf(get())).code).toBe('secret_unavailable');
  },
);

test('while Secrets Manager is down, a cached key does not wait longer than two seconds', async () => {
  manager.create(secretName, keyText());
  const { version } = await get();
  manager.failAlways({ kind: 'hang' });
  clock.advance(5 * minute);
  const bounds = vi.spyOn(AbortSignal, 'timeout');
  expect((await get(60_000)).version).toBe(version);
  expect(bounds.mock.calls).toEqual([[2_000]]);
  bounds.mockRestore();
});

test('while Secrets Manager is down, a cached key is used until Secrets Manager is back, and then replaced by the current one', async () => {
  manager.create(secretName, keyText());
  await get();
  manager.failAlways({ kind: 'denied' });
  clock.advance(5 * minute);
  await get();
  manager.recover();
  const version = manager.put(secretName, keyText('second'));
  clock.advance(10_000);
  expect((await get()).version).toBe(version);
});

test('while Secrets Manager is down, a call without a key keeps its deadline', async () => {
  manager.failAlways({ kind: 'hang' });
  expect((await failureOf(get(100))).code).toBe('secret_unavailable');
  expect((await failureOf(get(-100))).code).toBe('secret_unavailable');
});

test('while Secrets Manager is down, a refusal by Secrets Manager is reported with what is not allowed', async () => {
  manager.failAlways({ kind: 'denied' });
  expect((await failureOf(get())).message).toBe(
    `The secret ${secretName} cannot be read (AccessDeniedException): secretsmanager:GetSecretValue is denied.`,
  );
  manager.failAlways({ kind: 'exception', type: 'DecryptionFailure', message: 'm' });
  expect((await failureOf(get())).message).toMatch(/\(DecryptionFailure\): its KMS key cannot decrypt it\.$/);
});

test.each([
  ['does not exist', undefined],
  ['has no value', () => manager.create(secretName)],
  ['holds no text', () => manager.fail({ kind: 'status', status: 200, body: '{}' })],
  ['is empty', () => manager.create(secretName, '')],
  ['has an empty client_id', () => manager.create(secretName, keyText('', canary))],
  ['has an empty client_secret', () => manager.create(secretName, keyText('tester', ''))],
])('a secret without a usable value that %s is refused with what to do', async (_what, prepare) => {
  prepare?.();
  const failure = await failureOf(get());
  expect(failure.code).toBe('secret_empty');
  expect(failure.message).toBe(
    `The secret ${secretName} holds no exchange key yet: write {"client_id":"...","client_secret":"..."} to key.json ` +
      `and run aws secretsmanager put-secret-value --secret-id ${secretName} --secret-string file://key.json`,
  );
  expect(printed(failure)).not.toContain(canary);
});

test('a secret without a usable value is read again as soon as it has a value', async () => {
  manager.create(secretName);
  await failureOf(get());
  manager.put(secretName, keyText());
  expect((await get()).key.clientId).toBe('tester');
});

test.each([
  [`${canary}`, 'is not a JSON object'],
  [`{"client_id":"${canary}"`, 'is not a JSON object'],
  [`"${canary}"`, 'is not a JSON object'],
  [`["${canary}"]`, 'is not a JSON object'],
  ['null', 'is not a JSON object'],
  [`{"client_id":"${canary}"}`, 'has no usable client_secret'],
  [`{"client_secret":"${canary}"}`, 'has no usable client_id'],
  [`{"id":"${canary}"}`, 'has no usable client_id and no usable client_secret'],
  [`{"client_id":7,"client_secret":"${canary}"}`, 'has no usable client_id'],
  [`{"client_id":"tester","client_secret":"${canary}\\n"}`, 'has no usable client_secret'],
  [`{"client_id":"tester","client_secret":"${canary}ü"}`, 'has no usable client_secret'],
])('a malformed secret such as %s is reported with what is wrong, and never quoted', async (text, what) => {
  manager.create(secretName, text);
  const failure = await failureOf(get());
  expect(failure.code).toBe('secret_malformed');
  expect(failure.message).toBe(`The secret ${secretName} ${what}.`);
  expect(printed(failure)).not.toContain(canary);
});

test('an exchange key prints as [redacted]', async () => {
  manager.create(secretName, keyText());
  const held = await get();
  expect(JSON.stringify(held)).toContain('"clientSecret":"[redacted]"');
  expect(`${printed(new Error('x', { cause: held }))}`).not.toContain(canary);
});
