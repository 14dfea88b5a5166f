import { readFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { PutSecretValueCommand, type SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import type { Clock } from '../../lib/clock.ts';
import { asFailure } from '../../lib/errors.ts';
import type { ApiKey } from '../../lib/exchange/auth.ts';
import { createCredentials, KeyText } from '../../lib/exchange/credentials.ts';
import { dialectNames } from '../../lib/exchange/dialects/index.ts';
import { Secret } from '../../lib/exchange/secret.ts';
import { checkKey, type KeyCheck } from './check-key.ts';
import type { Command, TestEnvironment } from './command.ts';
import {
  accountOf,
  flag,
  isLoopback,
  oneOf,
  type Place,
  placeOf,
  Refusal,
  shared,
  sharedHelp,
  text,
} from './options.ts';
import { createSecrets, findSecret } from './stack.ts';

const help = `Puts an account's exchange key into its secret. The key is asked for without being shown, or read from a file; it is
never an argument, and never printed. A key that the exchange refuses is not written.

  npm run ops -- account add main --stage prod
  npm run ops -- account add main --stage prod --file key.json

Options
  --file FILE      {"client_id":"...","client_secret":"..."}; /dev/stdin reads what is piped in
  --no-check       do not ask the exchange; for keys that work from elsewhere only
  --secret NAME    the secret, if it is not the stage's
  --exchange URL   the exchange, if it is not the stage's; needs --dialect
  --dialect NAME   how it speaks: ${dialectNames.join(' or ')}
${sharedHelp}
The check asks for an order that cannot be, with the key: nothing is placed, and it shows that the key may read orders.
Functions take the new key within five minutes, or as soon as the exchange refuses the old one. That one stays, as
AWSPREVIOUS, until the next.
Exit codes: 0 done, 1 failed, 2 wrong options.
`;

export const accountAdd: Command = {
  name: 'account add',
  does: "puts an account's exchange key into its secret, and checks it",
  help,
  run: async (args, environment) => {
    const { terminal, clock } = environment;
    const options = { ...shared, file: text, 'no-check': flag, secret: text, exchange: text, dialect: text };
    const { values, positionals } = parseArgs({ args: [...args], options, allowPositionals: true });
    const [name, ...others] = positionals;
    if (others.length > 0)
      throw new Refusal('give the name of the account and nothing else: a key is never an argument');
    const account = accountOf(name, 'name of the account');
    const place = placeOf(values);
    const known = await accountInStage(account, place);
    const exchange = values['no-check'] ? undefined : (exchangeIn(values) ?? known);
    if (exchange === undefined && !values['no-check'])
      throw new Refusal('give --exchange and --dialect to check the key with, or --no-check');

    const client = createSecrets(place);
    const secretName = values.secret ?? known?.secretName ?? (await findSecret(client, account, place));
    const key = await readKey(values.file, environment);
    const warnings = exchange === undefined ? [] : await checkKey(key, exchange, clock).catch(unwritten);
    const version = await store(client, secretName, key, clock);
    if (values.json) {
      const checked = exchange !== undefined;
      terminal.out(`${JSON.stringify({ account, secret: secretName, version, checked, warnings })}\n`);
    } else {
      if (exchange !== undefined)
        terminal.out(`The exchange at ${exchange.url} takes the key, and lets it read orders.\n`);
      for (const warning of warnings) terminal.out(`${warning}\n`);
      terminal.out(`The key of account ${account} is in ${secretName}, version ${version}.\n`);
    }
    return 0;
  },
};

/** Loaded only where a stage is named: the stage table needs the CDK. */
async function accountInStage(account: string, { stage }: Place) {
  if (stage === undefined) return undefined;
  const { stageNamed, StageError } = await import('../stages.ts');
  try {
    const { accounts } = stageNamed(stage).runtime;
    const found = Object.hasOwn(accounts, account) ? accounts[account] : undefined;
    if (found !== undefined) return found;
    throw new Refusal(`stage ${stage} has no account ${account}: it has ${Object.keys(accounts).join(', ')}`);
  } catch (error) {
    if (error instanceof StageError) throw new Refusal(error.message.replace(/\.$/, ''));
    throw error;
  }
}

function exchangeIn({ exchange, dialect = '' }: { exchange?: string; dialect?: string }): KeyCheck | undefined {
  if (exchange === undefined) return undefined;
  if (!/^https:\/\/[^/?#@]+(\/[^?#]*)?$/.test(exchange) && !isLoopback(exchange))
    throw new Refusal('--exchange takes an https URL such as https://test.deribit.com/api/v2');
  return { url: exchange.replace(/\/+$/, ''), dialect: oneOf('dialect', dialectNames, dialect) };
}

async function readKey(file: string | undefined, { terminal }: TestEnvironment): Promise<ApiKey> {
  const { promptSecret } = terminal;
  if (file === undefined && promptSecret === undefined)
    throw new Refusal('give the --file of the key: there is no terminal to ask at');
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
      'the key has to be {"client_id":"...","client_secret":"..."}, both of printable characters without spaces',
    );
  return { clientId: read.data.client_id, clientSecret: new Secret(read.data.client_secret) };
}

function unwritten(thrown: unknown): never {
  throw new Error(`${asFailure(thrown).message} The key was not written.`);
}

function unusable(why: string): never {
  throw new Refusal(why);
}

/** The parser's error would quote the key. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Writes the key and reads it back as the functions will. Answers the version. */
async function store(client: SecretsManagerClient, secretName: string, key: ApiKey, clock: Clock): Promise<string> {
  const SecretString = JSON.stringify({ client_id: key.clientId, client_secret: key.clientSecret.reveal() });
  const { VersionId } = await client.send(new PutSecretValueCommand({ SecretId: secretName, SecretString }));
  const { version } = await createCredentials({ client, secretName, clock }).get(clock.now() + 10_000);
  if (VersionId === undefined || version !== VersionId)
    throw new Error(
      `${secretName} was written by somebody else at the same time: look whose key it is, and run this again`,
    );
  return version;
}
