import { GetSecretValueCommand, type SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import * as z from 'zod/mini';
import type { Clock } from '../clock.ts';
import { asFailure, Failure } from '../errors.ts';
import type { Credentials, KeyVersion } from './auth.ts';
import { withoutByteOrderMark } from './json.ts';
import { Secret } from './secret.ts';

/** A key is fetched again after this long, milliseconds. */
const freshMs = 5 * 60_000;
/** It is used this much longer while Secrets Manager does not respond. */
const graceMs = 60 * 60_000;
/** With a key at hand, a failed fetch, or one caused by a refused key, is not repeated sooner than this. */
const refreshCoolDownMs = 10_000;
/** With a key at hand, a fetch may take no longer than this. */
const acquireTimeoutMs = 2_000;

/** Sent in a header: printable ASCII without spaces, so a pasted line break fails here, not as a refused key. */
const Part = z.string().check(z.regex(/^[\x21-\x7e]*$/));
export const KeyText = z.object({ client_id: Part, client_secret: Part });

/**
 * The exchange key of one account, from the secret `{"client_id","client_secret"}` in Secrets Manager; `version` is the
 * secret's VersionId. Cached for 5 minutes, and for an hour more while Secrets Manager is down; concurrent callers
 * share one fetch, and the first caller's deadline. `renew` fetches at most once per 10 s.
 * Throws `Failure`: `secret_empty`, `secret_malformed`, `secret_unavailable`.
 */
export function createCredentials(deps: {
  readonly client: SecretsManagerClient;
  readonly secretName: string;
  readonly clock: Clock;
}): Credentials {
  const { client, secretName, clock } = deps;
  let cached: KeyVersion | undefined;
  let fetchedAt = 0;
  let refreshAfter = 0;
  let flight: Promise<KeyVersion> | undefined;

  const usable = (forMs: number): KeyVersion | undefined => (clock.now() < fetchedAt + forMs ? cached : undefined);

  const fetchKey = async (deadline: number): Promise<KeyVersion> => {
    const left = deadline - clock.now();
    const timeout = usable(freshMs + graceMs) === undefined ? left : Math.min(left, acquireTimeoutMs);
    cached = await readSecret(client, secretName, AbortSignal.timeout(Math.max(0, Math.floor(timeout))));
    fetchedAt = clock.now();
    return cached;
  };

  const refresh = async (deadline: number): Promise<KeyVersion> => {
    flight ??= fetchKey(deadline).finally(() => {
      flight = undefined;
    });
    try {
      return await flight;
    } catch (thrown) {
      const old = usable(freshMs + graceMs);
      if (old === undefined || asFailure(thrown).code !== 'secret_unavailable') throw thrown;
      refreshAfter = clock.now() + refreshCoolDownMs;
      return old;
    }
  };

  return {
    get: async (deadline) => {
      const key = usable(freshMs) ?? (clock.now() < refreshAfter ? usable(freshMs + graceMs) : undefined);
      return key ?? refresh(deadline);
    },
    renew: async (refusedVersion, deadline) => {
      const key = usable(freshMs + graceMs);
      if (key !== undefined && (key.version !== refusedVersion || clock.now() < refreshAfter)) return key;
      refreshAfter = clock.now() + refreshCoolDownMs;
      return refresh(deadline);
    },
  };
}

async function readSecret(client: SecretsManagerClient, name: string, abortSignal: AbortSignal): Promise<KeyVersion> {
  const command = new GetSecretValueCommand({ SecretId: name });
  const { VersionId, SecretString, SecretBinary } = await client
    .send(command, { abortSignal })
    .catch((error: Error) => {
      throw failureOf(error, name);
    });
  if (SecretBinary !== undefined) {
    throw new Failure(
      'secret_malformed',
      `The secret ${name} is stored as binary: write it as text, with --secret-string instead of --secret-binary.`,
    );
  }
  return { version: VersionId ?? '', key: parseKey(SecretString ?? '', name) };
}

/** The key in a secret's text. Throws `secret_empty` or `secret_malformed`, which quote none of it. */
export function parseKey(text: string, name: string): KeyVersion['key'] {
  if (text === '') throw unfilled(name);
  const parsed = KeyText.safeParse(parseJson(text));
  if (!parsed.success) {
    const members = [...new Set(parsed.error.issues.flatMap(({ path }) => path))];
    const what = members.length === 0 ? 'is not a JSON object' : `has no usable ${members.join(' and no usable ')}`;
    throw new Failure('secret_malformed', `The secret ${name} ${what}.`);
  }
  const { client_id: clientId, client_secret: clientSecret } = parsed.data;
  if (clientId === '' || clientSecret === '') throw unfilled(name);
  return { clientId, clientSecret: new Secret(clientSecret) };
}

/** `undefined` when the text is not JSON. The parser's error quotes the text, so it is dropped here. */
function parseJson(text: string): unknown {
  try {
    return JSON.parse(withoutByteOrderMark(text));
  } catch {
    return undefined;
  }
}

function unfilled(name: string): Failure {
  return new Failure(
    'secret_empty',
    `The secret ${name} holds no exchange key yet: write {"client_id":"...","client_secret":"..."} to key.json and run ` +
      `aws secretsmanager put-secret-value --secret-id ${name} --secret-string file://key.json`,
  );
}

const hints: Readonly<Record<string, string>> = {
  AccessDeniedException: ': secretsmanager:GetSecretValue is not allowed here',
  DecryptionFailure: ': its KMS key does not decrypt it here',
};

/** Only the name of the SDK's error is kept: the error can contain the reply, and the reply the key. */
function failureOf({ name: reason, message }: Error, name: string): Failure {
  if (reason === 'ResourceNotFoundException') return unfilled(name);
  const isOfKms = reason === 'AccessDeniedException' && /\bkms\b/i.test(message);
  const hint = isOfKms ? ': kms:Decrypt with its KMS key is not allowed here' : (hints[reason] ?? '');
  return new Failure('secret_unavailable', `The secret ${name} cannot be read (${reason})${hint}.`);
}
