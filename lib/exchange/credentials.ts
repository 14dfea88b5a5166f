import type { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import type { Clock } from '../clock.ts';
import { asFailure, type Code, Failure } from '../errors.ts';
import type { Credentials, KeyVersion } from './auth.ts';
import { readStoredKey } from './stored-key.ts';

/** A key is fetched again after this long, milliseconds. */
const freshMs = 5 * 60_000;
/** A key is used for this much longer while no usable one can be fetched. */
const graceMs = 60 * 60_000;
/** With a key at hand, a failed fetch, or one caused by a refused key, is not repeated sooner than this. */
const refreshCoolDownMs = 10_000;
/** With a key at hand, a fetch may take no longer than this. */
const acquireTimeoutMs = 2_000;
/**
 * The previous key stands in for the current one until this long after the current one was written. Its age, and not the
 * time of a refusal, bounds that for all processes together: each of them would start anew.
 */
const fallbackMs = 24 * 60 * 60_000;

/** An earlier key is used: `code` says what is wrong with the current one. It is not chosen after `until`, epoch ms. */
export type KeyFallback = { readonly code: Code; readonly until: number };

type CredentialsDeps = {
  readonly client: Pick<SecretsManagerClient, 'send'>;
  readonly secretName: string;
  readonly clock: Clock;
  /** Called each time that an earlier key is chosen: while that lasts, at least every five minutes in which one is used. */
  readonly onFallback?: (fallback: KeyFallback) => void;
};

/**
 * The exchange key of one account, from the secret `{"client_id","client_secret"}` in Secrets Manager; `version` is the
 * secret's VersionId. Cached for 5 minutes, and for an hour more while no usable one can be fetched; concurrent callers
 * share one fetch, and the first caller's deadline. `renew` fetches at most once per 10 s. Where the exchange refuses the
 * current key, or the secret's current version holds none, the previous one is used, for a day at most.
 * Throws `Failure`: `secret_empty`, `secret_malformed`, `secret_unavailable`.
 */
export function createCredentials(deps: CredentialsDeps): Credentials {
  const { clock, onFallback } = deps;
  let cached: Choice | undefined;
  let fetchedAt = 0;
  let refreshAfter = 0;
  let flight: Promise<Choice> | undefined;
  /** The versions that were refused since the last fetch that no refusal caused: that one tries the current key again. */
  const refused = new Set<string>();

  const usable = (forMs: number): Choice | undefined => (clock.now() < fetchedAt + forMs ? cached : undefined);

  const fetchKey = async (deadline: number): Promise<Choice> => {
    const left = deadline - clock.now();
    const timeout = usable(freshMs + graceMs) === undefined ? left : Math.min(left, acquireTimeoutMs);
    cached = await chooseKey(deps, refused, AbortSignal.timeout(Math.max(0, Math.floor(timeout))));
    fetchedAt = clock.now();
    return cached;
  };

  const refresh = async (deadline: number): Promise<KeyVersion> => {
    flight ??= fetchKey(deadline).finally(() => {
      flight = undefined;
    });
    try {
      return (await flight).used;
    } catch (thrown) {
      const old = usable(freshMs + graceMs);
      if (old === undefined) throw thrown;
      refreshAfter = clock.now() + refreshCoolDownMs;
      const { code } = asFailure(thrown);
      if (code !== 'secret_unavailable') onFallback?.({ code, until: fetchedAt + freshMs + graceMs });
      return old.used;
    }
  };

  return {
    get: async (deadline) => {
      const key = usable(freshMs) ?? (clock.now() < refreshAfter ? usable(freshMs + graceMs) : undefined);
      if (key !== undefined) return key.used;
      refused.clear();
      return refresh(deadline);
    },
    renew: async (refusedVersion, deadline) => {
      const key = usable(freshMs + graceMs);
      if (key !== undefined && key.used.version !== refusedVersion) return key.used;
      refused.add(refusedVersion);
      if (key?.current !== undefined) {
        // The previous key is refused as well: whatever was wrong with the current one may be over.
        cached = { used: key.current };
        return key.current;
      }
      // Calls that are refused at the same time wait for the fetch of the first one.
      if (key !== undefined && clock.now() < refreshAfter && flight === undefined) return key.used;
      refreshAfter = clock.now() + refreshCoolDownMs;
      return refresh(deadline);
    },
  };
}

/** The key to use; `current` is the one that it stands in for, when the exchange refused that. */
type Choice = { readonly used: KeyVersion; readonly current?: KeyVersion | undefined };

async function chooseKey(
  { client, secretName, clock, onFallback }: CredentialsDeps,
  refused: ReadonlySet<string>,
  signal: AbortSignal,
): Promise<Choice> {
  const { version, writtenAt, key } = await readStoredKey(client, secretName, 'AWSCURRENT', signal);
  const current = key instanceof Failure ? undefined : { version, key };
  if (current !== undefined && !refused.has(version)) return { used: current };

  const code = key instanceof Failure ? key.code : 'key_refused';
  const until = writtenAt + fallbackMs;
  if (clock.now() < until) {
    const previous = await readStoredKey(client, secretName, 'AWSPREVIOUS', signal).catch(() => undefined);
    if (previous !== undefined && !(previous.key instanceof Failure) && !refused.has(previous.version)) {
      onFallback?.({ code, until });
      return { used: { version: previous.version, key: previous.key }, current };
    }
  }
  if (key instanceof Failure) throw key;
  return { used: { version, key } };
}
