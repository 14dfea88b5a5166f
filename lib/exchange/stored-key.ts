import { GetSecretValueCommand, type SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import * as z from 'zod/mini';
import { asFailure, Failure } from '../errors.ts';
import type { ApiKey } from './auth.ts';
import { withoutByteOrderMark } from './json.ts';
import { Secret } from './secret.ts';

/** Sent in a header: printable ASCII without spaces, so a pasted line break fails here, not as a refused key. */
const Part = z.string().check(z.regex(/^[\x21-\x7e]*$/));
export const KeyText = z.object({ client_id: Part, client_secret: Part });

/** Labels of a secret's versions: the key in use, the one before it, and one that an operator wants to try. */
export type KeyLabel = 'AWSCURRENT' | 'AWSPREVIOUS' | 'AWSPENDING';

/** One version of a secret. */
export type StoredKey = {
  /** Its VersionId. */
  readonly version: string;
  /** When it was written, epoch ms. */
  readonly writtenAt: number;
  /** The key in it, or what is wrong with it: `secret_empty` or `secret_malformed`. */
  readonly key: ApiKey | Failure;
};

/** Reads the version with a label. Throws `secret_empty` when there is none, or `secret_unavailable`. */
export async function readStoredKey(
  client: Pick<SecretsManagerClient, 'send'>,
  secretName: string,
  label: KeyLabel,
  abortSignal: AbortSignal,
): Promise<StoredKey> {
  // The label is always named: the functions' policies are conditions on it.
  const command = new GetSecretValueCommand({ SecretId: secretName, VersionStage: label });
  const { VersionId, CreatedDate, SecretString, SecretBinary } = await client
    .send(command, { abortSignal })
    .catch((error: Error) => {
      throw failureOf(error, secretName);
    });
  return {
    version: VersionId ?? '',
    writtenAt: CreatedDate?.getTime() ?? 0,
    key: SecretBinary === undefined ? keyIn(SecretString ?? '', secretName) : binary(secretName),
  };
}

function keyIn(text: string, name: string): ApiKey | Failure {
  try {
    return parseKey(text, name);
  } catch (thrown) {
    return asFailure(thrown);
  }
}

function binary(name: string): Failure {
  return new Failure(
    'secret_malformed',
    `The secret ${name} is stored as binary: write it as text, with --secret-string instead of --secret-binary.`,
  );
}

/** The key in a secret's text. Throws `secret_empty` or `secret_malformed`, which quote none of it. */
export function parseKey(text: string, name: string): ApiKey {
  if (text === '') throw unfilled(name);
  const parsed = KeyText.safeParse(parseSecret(text));
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
function parseSecret(text: string): unknown {
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
  AccessDeniedException: ': secretsmanager:GetSecretValue is denied',
  DecryptionFailure: ': its KMS key cannot decrypt it',
};

/** Only the name of the SDK's error is kept: the error can contain the reply, and the reply the key. */
function failureOf({ name: reason, message }: Error, name: string): Failure {
  if (reason === 'ResourceNotFoundException') return unfilled(name);
  const isOfKms = reason === 'AccessDeniedException' && /\bkms\b/i.test(message);
  const hint = isOfKms ? ': kms:Decrypt with its KMS key is denied' : (hints[reason] ?? '');
  return new Failure('secret_unavailable', `The secret ${name} cannot be read (${reason})${hint}.`);
}
