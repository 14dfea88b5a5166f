import { UpdateSecretVersionStageCommand } from '@aws-sdk/client-secrets-manager';
import { afterEach, describe, expect, test } from 'vitest';
import { createSecretsManagerClient } from '../../../lib/aws/clients.ts';
import { asFailure, type Code } from '../../../lib/errors.ts';
import { createExchange } from '../../../lib/exchange/client.ts';
import { createCredentials, type KeyFallback } from '../../../lib/exchange/credentials.ts';
import { dialects } from '../../../lib/exchange/dialects/index.ts';
import { createRetryBudget } from '../../../lib/exchange/retry.ts';
import { createHttpTransport } from '../../../lib/exchange/transport.ts';
import { startSecretsManager } from '../../emulator/aws/secrets-manager/server.ts';
import { seedId } from '../../emulator/exchange/seed-order.ts';
import { startExchange } from '../../emulator/exchange/server.ts';
import type { Dialect } from '../../emulator/exchange/wire.ts';
import { secretText } from '../test-bed.ts';
import { createVirtualClock } from '../virtual-clock.ts';
import { unlimitedPermits } from './test-client.ts';

const secretName = 'order-state-snapshots/test/main/exchange-key';
const oldKey = { clientId: 'old', clientSecret: 'old-secret' };
const newKey = { clientId: 'new', clientSecret: 'new-secret' };
const requestsPerSecond = 50;
/** Each has 8 connections at most: together they have 50 requests under way. */
const processes = 10;
const minute = 60;

const stops: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0).toReversed()) await stop();
});

/**
 * Ten processes that use one account's key, each with its own connections and cache, under 50 requests a second by a
 * clock that passes only between the seconds. Each begins its cache at another second.
 */
async function startDesk(dialect: Dialect) {
  const clock = createVirtualClock();
  const exchange = await startExchange({ dialect, keys: [oldKey], now: clock.now });
  const secrets = await startSecretsManager({ now: clock.now });
  const client = createSecretsManagerClient({
    AWS_REGION: 'eu-central-1',
    AWS_ACCESS_KEY_ID: 'test',
    AWS_SECRET_ACCESS_KEY: 'test',
    AWS_ENDPOINT_URL_SECRETS_MANAGER: secrets.url,
  });
  stops.push(exchange.stop, secrets.stop, async () => client.destroy());
  secrets.create(secretName);
  const oldVersion = secrets.put(secretName, secretText(oldKey));
  const fallbacks: KeyFallback[] = [];
  let nonces = 0;

  const clients = Array.from({ length: processes }, () => {
    const transport = createHttpTransport({ clock });
    stops.push(async () => transport.close());
    return createExchange({
      dialect: dialects[dialect],
      url: exchange.url,
      transport,
      credentials: createCredentials({ client, secretName, clock, onFallback: (of) => fallbacks.push(of) }),
      rateLimiter: unlimitedPermits,
      clock,
      random: () => 0.5,
      nonce: () => `nonce-${++nonces}`,
      retryBudget: createRetryBudget(),
    });
  });
  const keyVersions: string[] = [];
  const failures: Code[] = [];
  const callAt = async (at: number) => {
    const process = clients[at % processes];
    if (process === undefined) throw new Error('there is no such process');
    try {
      keyVersions.push((await process.getOrderState(seedId, { deadline: clock.now() + 10_000 })).keyVersion);
    } catch (thrown) {
      failures.push(asFailure(thrown).code);
    }
  };
  for (const at of clients.keys()) {
    await callAt(at);
    clock.advance(1_000);
  }

  /** 50 requests at once; `meanwhile` happens when all have reached the exchange and none has a reply. */
  const second = async (meanwhile?: () => Promise<void> | void): Promise<void> => {
    let arrived = 0;
    const all = Promise.withResolvers<void>();
    const held = Promise.withResolvers<void>();
    exchange.scriptAlways('order', async (_request, { status, body }) => {
      arrived += 1;
      if (arrived === requestsPerSecond) all.resolve();
      await held.promise;
      return { status, body };
    });
    const ended = Promise.all(Array.from({ length: requestsPerSecond }, (_, at) => callAt(at)));
    // Requests that fail never arrive.
    await Promise.race([all.promise, ended]);
    await meanwhile?.();
    held.resolve();
    await ended;
    exchange.clearScript();
    clock.advance(1_000);
  };
  return {
    exchange,
    secrets,
    clock,
    oldVersion,
    fallbacks,
    second,
    seconds: async (count: number) => {
      for (let i = 0; i < count; i++) await second();
    },
    /** The versions of the keys that the latest 50 were accepted with. */
    versions: () => new Set(keyVersions.slice(-requestsPerSecond)),
    succeeded: () => keyVersions.length,
    failures,
    /** As `ops keys rehearse` prints it. */
    promote: async (MoveToVersionId: string) => {
      const SecretId = secretName;
      const from = { VersionStage: 'AWSCURRENT', RemoveFromVersionId: oldVersion };
      await client.send(new UpdateSecretVersionStageCommand({ SecretId, MoveToVersionId, ...from }));
    },
  };
}

describe.each(['orangex', 'deribit'] as const)('%s', (dialect) => {
  test('a key rotation under 50 requests a second fails no request: before it, while both keys work, and after the old key is revoked', async () => {
    const desk = await startDesk(dialect);
    const { exchange, secrets, clock, second, seconds, versions } = desk;
    const before = desk.succeeded();
    await seconds(3);
    exchange.setKeys([oldKey, newKey]);
    const newVersion = secrets.put(secretName, secretText(newKey), ['AWSPENDING']);
    await seconds(3);
    expect(versions()).toEqual(new Set([desk.oldVersion]));

    await second(() => desk.promote(newVersion));
    await seconds(3);
    expect(versions()).toEqual(new Set([desk.oldVersion]));
    // Process by process, as their five minutes end.
    clock.advance((5 * minute - 21) * 1_000);
    await seconds(12);
    expect(versions()).toEqual(new Set([newVersion]));

    await second(() => exchange.setKeys([newKey]));
    await seconds(3);
    expect(versions()).toEqual(new Set([newVersion]));
    expect(desk.succeeded() - before).toBe((3 + 3 + 1 + 3 + 12 + 1 + 3) * requestsPerSecond);
    expect([desk.failures, desk.fallbacks]).toEqual([[], []]);
  });

  test('a key rotation under 50 requests a second fails no request if the old key is revoked too early, or the new one right after its promotion', async () => {
    const early = await startDesk(dialect);
    early.exchange.setKeys([oldKey, newKey]);
    const newVersion = early.secrets.put(secretName, secretText(newKey), ['AWSPENDING']);
    await early.second(() => early.promote(newVersion));
    await early.second(() => early.exchange.setKeys([newKey]));
    await early.seconds(2);
    expect(early.versions()).toEqual(new Set([newVersion]));
    expect([early.failures, early.fallbacks]).toEqual([[], []]);

    const wrong = await startDesk(dialect);
    await wrong.promote(wrong.secrets.put(secretName, secretText(newKey), ['AWSPENDING']));
    wrong.clock.advance(5 * minute * 1_000);
    await wrong.seconds(3);
    expect(wrong.versions()).toEqual(new Set([wrong.oldVersion]));
    expect([wrong.failures, wrong.fallbacks.length]).toEqual([[], processes]);
  });

  test('a key rotation under 50 requests a second with two unusable keys fails with the code of the newer one, at 1.2 calls a request', async () => {
    const desk = await startDesk(dialect);
    await desk.promote(desk.secrets.put(secretName, secretText(newKey), ['AWSPENDING']));
    desk.exchange.setKeys([]);
    desk.clock.advance(5 * minute * 1_000);
    const before = desk.exchange.requests.length;
    await desk.seconds(20);
    expect(desk.failures).toEqual(Array.from({ length: 20 * requestsPerSecond }, () => 'key_refused'));
    expect((desk.exchange.requests.length - before) / desk.failures.length).toBeLessThanOrEqual(1.2);
  });
});
