import { readFile } from 'node:fs/promises';
import { PutSecretValueCommand, type SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import type { ApiKey } from '../../lib/exchange/auth.ts';
import { Secret } from '../../lib/exchange/secret.ts';
import { type KeyLabel, KeyText, readStoredKey } from '../../lib/exchange/stored-key.ts';
import { tryKey, writeWarning } from './check-key.ts';
import { addExamples, addNotes, createCommand, UsageError } from './command-line.ts';
import type { Context } from './context.ts';
import { createKeyCommand, exchangeAccount, exchangeOf } from './exchange-account.ts';

export function accountCommand(context: Context) {
  const command = createCommand('account').description("Manages an account's exchange key.");
  command.addCommand(addCommand(context));
  return command;
}

function addCommand(context: Context) {
  const { terminal, clock } = context;
  const command = createKeyCommand('add')
    .description("Stores an account's exchange key in its secret, after a check at the exchange.")
    .option('--file <file>', '{"client_id":"...","client_secret":"..."}; /dev/stdin reads standard input')
    .option('--pending', 'store it as AWSPENDING: functions use it only once it is promoted; see keys rehearse')
    .option('--no-check', 'do not call the exchange, for a key that works from other addresses only')
    .action(async (_name, { check, file, pending, json, ...options }, { args }) => {
      const account = await exchangeAccount(args, options, { needsExchange: check });
      const { name, secrets, secretName } = account;
      const exchange = check ? exchangeOf(account, ', or --no-check') : undefined;
      const key = await readKey(file, context);
      const trial = exchange === undefined ? {} : await tryKey(key, exchange, clock);
      if (trial.failure !== undefined) throw new Error(`${trial.failure.message} The key was not written.`);
      const warnings = trial.grant?.mayWrite ? [writeWarning] : [];
      const version = await store(secrets, secretName, key, pending ? 'AWSPENDING' : 'AWSCURRENT');
      if (json) {
        const checked = exchange !== undefined;
        terminal.out(`${JSON.stringify({ account: name, secret: secretName, version, checked, warnings })}\n`);
        return;
      }
      if (exchange !== undefined)
        terminal.out(`The exchange at ${exchange.url} accepts the key, and allows it to read orders.\n`);
      for (const warning of warnings) terminal.out(`${warning}\n`);
      const where = pending ? 'is pending in' : 'is in';
      terminal.out(`The key of account ${name} ${where} ${secretName}, version ${version}.\n`);
    });
  addExamples(command, ['main --stage prod'], ['main --stage prod --pending'], ['main --stage prod --file key.json']);
  addNotes(
    command,
    `The key is typed without being shown, or read from a file; it is never an argument, and never printed. A key that the
exchange rejects is not stored. The check uses the key to request an order that cannot exist: it places nothing, and proves
that the key may read orders. Functions use the new key within five minutes, or as soon as the exchange rejects the old one,
which stays as AWSPREVIOUS until the next change. Exit codes: 0 done, 1 failed, 2 wrong options.`,
  );
  return command;
}

async function readKey(file: string | undefined, { terminal }: Context): Promise<ApiKey> {
  const { promptSecret } = terminal;
  if (file === undefined && promptSecret === undefined)
    throw new UsageError('Give --file: there is no terminal to type the key at');
  const written =
    file === undefined && promptSecret !== undefined
      ? {
          client_id: await promptSecret('client_id (not shown): '),
          client_secret: await promptSecret('client_secret (not shown): '),
        }
      : parsed(await readFile(file ?? '', 'utf8').catch(() => unusable(`${file} cannot be read`)));
  const read = KeyText.safeParse(written);
  if (!read.success || read.data.client_id === '' || read.data.client_secret === '')
    return unusable(
      'the key must be {"client_id":"...","client_secret":"..."}, both of printable characters without spaces',
    );
  return { clientId: read.data.client_id, clientSecret: new Secret(read.data.client_secret) };
}

function unusable(why: string): never {
  throw new UsageError(why);
}

/** The parser's error would quote the key. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Writes the key and reads it back by its label. Returns the version. */
async function store(
  client: SecretsManagerClient,
  SecretId: string,
  { clientId, clientSecret }: ApiKey,
  label: KeyLabel,
): Promise<string> {
  const SecretString = JSON.stringify({ client_id: clientId, client_secret: clientSecret.reveal() });
  const { VersionId } = await client.send(
    new PutSecretValueCommand({ SecretId, SecretString, VersionStages: [label] }),
  );
  const { version } = await readStoredKey(client, SecretId, label, AbortSignal.timeout(10_000));
  if (VersionId === undefined || version !== VersionId)
    throw new Error(`${SecretId} was changed by someone else meanwhile: check whose key it holds, and run this again`);
  return version;
}
