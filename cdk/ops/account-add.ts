import { readFile } from 'node:fs/promises';
import { PutSecretValueCommand, type SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { asFailure } from '../../lib/errors.ts';
import type { ApiKey } from '../../lib/exchange/auth.ts';
import { dialectNames } from '../../lib/exchange/dialects/index.ts';
import { Secret } from '../../lib/exchange/secret.ts';
import { KeyText, readStoredKey } from '../../lib/exchange/stored-key.ts';
import { accountPattern } from '../../lib/stage.ts';
import { checkKey } from './check-key.ts';
import { addExamples, addNotes, createCommand, listed, oneOf, UsageError } from './command-line.ts';
import type { Context } from './context.ts';
import { createStackCommand, isLoopback, type Target, targetOf } from './options.ts';
import { createSecrets, findSecret } from './stack.ts';
import { stageAccounts } from './stage-accounts.ts';

export function accountCommand(context: Context) {
  const command = createCommand('account').description("Manages an account's exchange key.");
  command.addCommand(addCommand(context));
  return command;
}

function addCommand(context: Context) {
  const { terminal, clock } = context;
  const command = createStackCommand('add')
    .description("Stores an account's exchange key in its secret, after a check at the exchange.")
    .argument('[account]', 'name of the account')
    // What comes after the name may be a key: it must not be quoted.
    .allowExcessArguments()
    .option('--file <file>', '{"client_id":"...","client_secret":"..."}; /dev/stdin reads standard input')
    .option('--no-check', 'do not call the exchange; for keys that work from elsewhere only')
    .option('--secret <name>', "the secret, if it is not the stage's")
    .option('--exchange <url>', "the exchange, if it is not the stage's; needs --dialect", exchangeUrl)
    .option('--dialect <name>', `how it speaks: ${listed(dialectNames)}`, oneOf('--dialect', dialectNames))
    .action(async (name = '', { check, file, secret, exchange: url, dialect, json, ...options }, { args }) => {
      if (args.length > 1)
        throw new UsageError('give the name of the account and nothing else: a key is never an argument');
      if (!accountPattern.test(name)) throw new UsageError('give the name of the account, 1 to 32 of a-z, 0-9 and -');
      const target = targetOf(options);
      if (url !== undefined && dialect === undefined) throw new UsageError('--exchange needs --dialect');
      const given = url === undefined || dialect === undefined ? undefined : { url, dialect };
      const known = await accountInStage(name, target, given !== undefined || !check);
      const exchange = check ? (given ?? known) : undefined;
      if (exchange === undefined && check)
        throw new UsageError('give --exchange and --dialect to check the key with, or --no-check');

      const client = createSecrets(target);
      const secretName = secret ?? known?.secretName ?? (await findSecret(client, name, target));
      const key = await readKey(file, context);
      const warnings = exchange === undefined ? [] : await checkKey(key, exchange, clock).catch(unwritten);
      const version = await store(client, secretName, key);
      if (json) {
        const checked = exchange !== undefined;
        terminal.out(`${JSON.stringify({ account: name, secret: secretName, version, checked, warnings })}\n`);
        return;
      }
      if (exchange !== undefined)
        terminal.out(`The exchange at ${exchange.url} accepts the key, and allows it to read orders.\n`);
      for (const warning of warnings) terminal.out(`${warning}\n`);
      terminal.out(`The key of account ${name} is in ${secretName}, version ${version}.\n`);
    });
  addExamples(command, ['main --stage prod'], ['main --stage prod --file key.json']);
  addNotes(
    command,
    `The key is typed without being shown, or read from a file; it is never an argument, and never printed. A key that the
exchange refuses is not stored. The check requests an order that cannot exist, with the key: it places nothing, and proves
that the key may read orders. Functions use the new key within five minutes, or as soon as the exchange refuses the old one,
which stays as AWSPREVIOUS until the next change. Exit codes: 0 done, 1 failed, 2 wrong options.`,
  );
  return command;
}

/**
 * The account as the stage table has it; `undefined` for a stage of another project, if the command line says how to check
 * the key.
 */
async function accountInStage(account: string, { stage }: Target, isComplete: boolean) {
  if (stage === undefined) return undefined;
  const accounts = await stageAccounts(stage, isComplete ? undefined : '--exchange and --dialect');
  const found = accounts && Object.hasOwn(accounts, account) ? accounts[account] : undefined;
  if (found !== undefined || accounts === undefined) return found;
  throw new UsageError(`stage ${stage} has no account ${account}: it has ${Object.keys(accounts).join(', ')}`);
}

function exchangeUrl(url: string): string {
  if (/^https:\/\/[^/?#@]+(\/[^?#]*)?$/.test(url) || isLoopback(url)) return url.replace(/\/+$/, '');
  throw new UsageError('--exchange takes an https URL such as https://test.deribit.com/api/v2');
}

async function readKey(file: string | undefined, { terminal }: Context): Promise<ApiKey> {
  const { promptSecret } = terminal;
  if (file === undefined && promptSecret === undefined)
    throw new UsageError('give --file: there is no terminal to type the key at');
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

function unwritten(thrown: unknown): never {
  throw new Error(`${asFailure(thrown).message} The key was not written.`);
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

/** Writes the key and reads it back as the functions will. Returns the version. */
async function store(client: SecretsManagerClient, secretName: string, key: ApiKey): Promise<string> {
  const SecretString = JSON.stringify({ client_id: key.clientId, client_secret: key.clientSecret.reveal() });
  const { VersionId } = await client.send(new PutSecretValueCommand({ SecretId: secretName, SecretString }));
  const { version } = await readStoredKey(client, secretName, 'AWSCURRENT', AbortSignal.timeout(10_000));
  if (VersionId === undefined || version !== VersionId)
    throw new Error(
      `${secretName} was written by somebody else at the same time: check whose key it holds, and run this again`,
    );
  return version;
}
