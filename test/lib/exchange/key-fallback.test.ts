import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createSecretsManagerClient } from '../../../lib/aws/clients.ts';
import type { Credentials } from '../../../lib/exchange/auth.ts';
import { createCredentials, type KeyFallback } from '../../../lib/exchange/credentials.ts';
import { type SecretsManager, startSecretsManager } from '../../emulator/aws/secrets-manager/server.ts';
import { failureOf, printed } from '../thrown.ts';
import { createVirtualClock, type VirtualClock } from '../virtual-clock.ts';

const secretName = 'order-state-snapshots/test/main/exchange-key';
const canary = 'canary-3e9a';
const keyText = (clientId: string) => JSON.stringify({ client_id: clientId, client_secret: canary });
const minute = 60_000;
const day = 24 * 60 * minute;

let manager: SecretsManager;
let clock: VirtualClock;
let client: ReturnType<typeof createSecretsManagerClient>;
let credentials: Credentials;
let fallbacks: KeyFallback[];

beforeEach(async () => {
  clock = createVirtualClock();
  manager = await startSecretsManager({ now: clock.now });
  client = createSecretsManagerClient({
    AWS_REGION: 'eu-central-1',
    AWS_ACCESS_KEY_ID: 'test',
    AWS_SECRET_ACCESS_KEY: 'test',
    AWS_ENDPOINT_URL_SECRETS_MANAGER: manager.url,
  });
  startProcess();
});
afterEach(async () => {
  client.destroy();
  await manager.stop();
});

/** Starts a process that has read nothing yet. */
function startProcess(): void {
  fallbacks = [];
  credentials = createCredentials({ client, secretName, clock, onFallback: (fallback) => fallbacks.push(fallback) });
}

const get = () => credentials.get(clock.now() + 5_000);
const renew = (version: string) => credentials.renew(version, clock.now() + 5_000);
/** The labels of what was requested, in order. */
const labels = () => manager.requests.map(({ body }) => JSON.parse(body).VersionStage);

/** A secret with a key and the one that replaced it. */
function rotated(newest = keyText('new')): { old: string; current: string; writtenAt: number } {
  manager.create(secretName);
  const old = manager.put(secretName, keyText('old'));
  clock.advance(90 * day);
  return { old, current: manager.put(secretName, newest), writtenAt: clock.now() };
}

test('a current key that the exchange refuses is replaced by the previous one, and the fallback is reported with its end', async () => {
  const { old, current, writtenAt } = rotated();
  expect((await get()).version).toBe(current);
  expect(await renew(current)).toMatchObject({ version: old, key: { clientId: 'old' } });
  expect((await get()).version).toBe(old);
  expect(fallbacks).toEqual([{ code: 'key_refused', until: writtenAt + day }]);
  expect(labels()).toEqual(['AWSCURRENT', 'AWSCURRENT', 'AWSPREVIOUS']);
});

test('a current key that the exchange refuses is replaced for all calls that are refused at the same time', async () => {
  const { old, current } = rotated();
  await get();
  const renewed = await Promise.all(Array.from({ length: 50 }, () => renew(current)));
  expect(new Set(renewed.map(({ version }) => version))).toEqual(new Set([old]));
  expect([fallbacks.length, manager.count('GetSecretValue')]).toEqual([1, 3]);
});

test('a current key that the exchange refuses is tried again every five minutes', async () => {
  const { old, current } = rotated();
  await get();
  await renew(current);
  clock.advance(5 * minute - 1);
  expect((await get()).version).toBe(old);
  clock.advance(1);
  expect((await get()).version).toBe(current);
  await renew(current);
  expect((await get()).version).toBe(old);
  expect(fallbacks).toHaveLength(2);
});

test('a current key that the exchange refuses is no longer replaced once a newer one is written', async () => {
  const { current } = rotated();
  await get();
  await renew(current);
  const newest = manager.put(secretName, keyText('newest'));
  clock.advance(5 * minute);
  expect((await get()).version).toBe(newest);
  expect(fallbacks).toHaveLength(1);
});

test('a current key that the exchange refuses is replaced for a day after it was written, in new processes too, and no longer', async () => {
  const { old, current } = rotated();
  clock.advance(day - 1);
  await get();
  expect((await renew(current)).version).toBe(old);
  clock.advance(1);
  startProcess();
  await get();
  expect((await renew(current)).version).toBe(current);
  expect([fallbacks, labels().slice(-2)]).toEqual([[], ['AWSCURRENT', 'AWSCURRENT']]);
});

test('a current key that the exchange refuses is used again at once when the previous one is refused as well', async () => {
  const { old, current } = rotated();
  await get();
  await renew(current);
  expect((await renew(old)).version).toBe(current);
  expect((await get()).version).toBe(current);
  // The cool-down holds: nothing is read again for the next refusal.
  expect((await renew(current)).version).toBe(current);
  expect(manager.count('GetSecretValue')).toBe(3);
  clock.advance(10_000);
  expect((await renew(current)).version).toBe(current);
  expect(fallbacks).toHaveLength(1);
});

test.each([
  ['is malformed', () => manager.put(secretName, canary)],
  ['does not exist', () => {}],
])('a current key that the exchange refuses stays in use when the previous version %s', async (_what, prepare) => {
  manager.create(secretName);
  prepare();
  const current = manager.put(secretName, keyText('new'));
  await get();
  expect((await renew(current)).version).toBe(current);
  expect(fallbacks).toEqual([]);
});

describe.each([
  ['secret_empty', ''],
  ['secret_empty', JSON.stringify({ client_id: '', client_secret: canary })],
  ['secret_malformed', canary],
  ['secret_malformed', `{"client_id":"${canary}"`],
  ['secret_malformed', JSON.stringify({ client_id: `${canary}\n`, client_secret: canary })],
] as const)('%s: %j', (code, text) => {
  test('a current secret version that holds no key is ignored in favour of the previous one, in new and in running processes', async () => {
    manager.create(secretName);
    const good = manager.put(secretName, keyText('good'));
    await get();
    manager.put(secretName, text);
    const until = clock.now() + day;
    clock.advance(5 * minute);
    expect(await get()).toMatchObject({ version: good, key: { clientId: 'good' } });
    expect(fallbacks).toEqual([{ code, until }]);
    startProcess();
    expect((await get()).version).toBe(good);
    expect(fallbacks).toEqual([{ code, until }]);
    expect(JSON.stringify(fallbacks)).not.toContain(canary);
  });

  test('a current secret version that holds no key twice in a row leaves a running process its last good key for an hour, and a new process none', async () => {
    manager.create(secretName);
    const good = manager.put(secretName, keyText('good'));
    await get();
    const until = clock.now() + 65 * minute;
    manager.put(secretName, text);
    manager.put(secretName, `${text} `);
    clock.advance(65 * minute - 1);
    expect((await get()).version).toBe(good);
    expect(fallbacks).toEqual([{ code: expect.stringMatching(/^secret_(empty|malformed)$/), until }]);
    clock.advance(1);
    expect((await failureOf(get())).code).toMatch(/^secret_(empty|malformed)$/);
    startProcess();
    const failure = await failureOf(get());
    expect(failure.code).toMatch(/^secret_(empty|malformed)$/);
    expect(printed(failure)).not.toContain(canary);
  });
});

test.each([keyText('pending'), '', canary])('a pending version (%j) is neither read nor used', async (text) => {
  const { old, current } = rotated();
  manager.put(secretName, text, ['AWSPENDING']);
  expect((await get()).version).toBe(current);
  expect((await renew(current)).version).toBe(old);
  clock.advance(5 * minute);
  expect((await get()).version).toBe(current);
  expect(new Set(labels())).toEqual(new Set(['AWSCURRENT', 'AWSPREVIOUS']));
  expect(manager.count('GetSecretValue')).toBe(labels().length);
});
