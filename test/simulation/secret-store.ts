import { Failure } from '../../lib/errors.ts';
import type { Credentials, KeyVersion } from '../../lib/exchange/auth.ts';
import { Secret } from '../../lib/exchange/secret.ts';
import type { Key } from '../emulator/exchange/auth.ts';
import type { Process } from './process.ts';
import type { Random } from './random.ts';

/** Where the account's key is kept for the functions. */
export type SecretStore = { current: KeyVersion };

export function versionOf({ clientId, clientSecret }: Key, version: number): KeyVersion {
  return { version: `v${version}`, key: { clientId, clientSecret: new Secret(clientSecret) } };
}

const freshMs = 5 * 60_000;
const refreshCoolDownMs = 10_000;

/** The key as one process reads it: cached for five minutes, and now and then not to be had. */
export function createStoredCredentials(process: Process, secretStore: SecretStore, random: Random): Credentials {
  let cached: KeyVersion | undefined;
  let fetchedAt = 0;
  let refreshAfter = 0;

  const refresh = async (): Promise<KeyVersion> => {
    try {
      cached = await process.request(
        random.whole(2, 10),
        async () => read(secretStore, random),
        () => random.whole(2, 30),
      );
      fetchedAt = process.clock.now();
    } catch (thrown) {
      if (cached === undefined) throw thrown;
      refreshAfter = process.clock.now() + refreshCoolDownMs;
    }
    return cached;
  };
  return {
    get: async () => {
      const isFresh = process.clock.now() < Math.max(fetchedAt + freshMs, refreshAfter);
      return cached !== undefined && isFresh ? cached : refresh();
    },
    renew: async (refusedVersion) => {
      const { now } = process.clock;
      if (cached !== undefined && (cached.version !== refusedVersion || now() < refreshAfter)) return cached;
      refreshAfter = now() + refreshCoolDownMs;
      return refresh();
    },
  };
}

function read(secretStore: SecretStore, random: Random): KeyVersion {
  if (random.chance(0.01)) throw new Failure('secret_unavailable', 'The secret cannot be read.');
  return secretStore.current;
}
