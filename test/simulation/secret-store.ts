import { Failure } from '../../lib/errors.ts';
import type { Credentials, KeyVersion } from '../../lib/exchange/auth.ts';
import { Secret } from '../../lib/exchange/secret.ts';
import type { Key } from '../emulator/exchange/auth.ts';
import type { Process } from './process.ts';
import type { Random } from './random.ts';

/** Where the account's key is kept for the functions. */
export type Vault = { current: KeyVersion };

export function versionOf({ clientId, clientSecret }: Key, version: number): KeyVersion {
  return { version: `v${version}`, key: { clientId, clientSecret: new Secret(clientSecret) } };
}

const freshMs = 5 * 60_000;
const quietMs = 10_000;

/** The key as one process reads it: cached for five minutes, and now and then not to be had. */
export function createVaultCredentials(process: Process, vault: Vault, random: Random): Credentials {
  let cached: KeyVersion | undefined;
  let fetchedAt = 0;
  let quietUntil = 0;

  const refresh = async (): Promise<KeyVersion> => {
    try {
      cached = await process.request(
        random.whole(2, 10),
        async () => read(vault, random),
        () => random.whole(2, 30),
      );
      fetchedAt = process.clock.now();
    } catch (thrown) {
      if (cached === undefined) throw thrown;
      quietUntil = process.clock.now() + quietMs;
    }
    return cached;
  };
  return {
    get: async () => {
      const isFresh = process.clock.now() < Math.max(fetchedAt + freshMs, quietUntil);
      return cached !== undefined && isFresh ? cached : refresh();
    },
    renew: async (refusedVersion) => {
      const { now } = process.clock;
      if (cached !== undefined && (cached.version !== refusedVersion || now() < quietUntil)) return cached;
      quietUntil = now() + quietMs;
      return refresh();
    },
  };
}

function read(vault: Vault, random: Random): KeyVersion {
  if (random.chance(0.01)) throw new Failure('secret_unavailable', 'The secret cannot be read.');
  return vault.current;
}
