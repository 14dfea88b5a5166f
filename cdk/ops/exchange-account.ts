import type { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { dialectNames } from '../../lib/exchange/dialects/index.ts';
import { accountPattern } from '../../lib/stage/stage.ts';
import type { ExchangeAddress } from './check-key.ts';
import { listed, oneOf, UsageError } from './command-line.ts';
import { createStackCommand, isLoopback, type Target, targetOf } from './options.ts';
import { createSecrets, findSecret } from './stack.ts';
import { stageAccounts } from './stage-accounts.ts';

/** Where an account's key is, and what it is for. */
type ExchangeAccount = {
  readonly name: string;
  readonly target: Target;
  readonly secrets: SecretsManagerClient;
  readonly secretName: string;
  /** `undefined` when neither the options nor the stage table say it. */
  readonly exchange: ExchangeAddress | undefined;
};

/** A command on the key of one account. */
export function createKeyCommand(name: string) {
  return (
    createStackCommand(name)
      .argument('[account]', 'name of the account')
      // What comes after the name may be a key: it must not be quoted.
      .allowExcessArguments()
      .option('--secret <name>', "the secret, if it is not the stage's")
      .option('--exchange <url>', "the exchange, if it is not the stage's; needs --dialect", exchangeUrl)
      .option('--dialect <name>', `dialect of the exchange: ${listed(dialectNames)}`, oneOf('--dialect', dialectNames))
  );
}

type KeyOptions = Target & {
  readonly secret?: string | undefined;
  readonly exchange?: string | undefined;
  readonly dialect?: ExchangeAddress['dialect'] | undefined;
};

/** The account that the arguments name, from the options and the stage table. Throws `UsageError`. */
export async function exchangeAccount(
  args: readonly string[],
  { secret, exchange: url, dialect, ...options }: KeyOptions,
  { needsExchange = true } = {},
): Promise<ExchangeAccount> {
  const [name = ''] = args;
  if (args.length > 1)
    throw new UsageError('Give the name of the account and nothing else: a key is never an argument');
  if (!accountPattern.test(name)) throw new UsageError('Give the name of the account, 1 to 32 of a-z, 0-9 and -');
  const target = targetOf(options);
  if (url !== undefined && dialect === undefined) throw new UsageError('--exchange needs --dialect');
  const given = url === undefined || dialect === undefined ? undefined : { url, dialect };
  const known = await accountInStage(name, target, given !== undefined || !needsExchange);
  const secrets = createSecrets(target);
  const secretName = secret ?? known?.secretName ?? (await findSecret(secrets, name, target));
  return { name, target, secrets, secretName, exchange: given ?? known };
}

/** `otherwise`: how to do without an exchange, where that is possible. Throws `UsageError`. */
export function exchangeOf({ exchange }: ExchangeAccount, otherwise = ''): ExchangeAddress {
  if (exchange !== undefined) return exchange;
  throw new UsageError(`Give --exchange and --dialect to check the key with${otherwise}`);
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
  throw new UsageError(`Stage ${stage} has no account ${account}: it has ${Object.keys(accounts).join(', ')}`);
}

function exchangeUrl(url: string): string {
  if (/^https:\/\/[^/?#@]+(\/[^?#]*)?$/.test(url) || isLoopback(url)) return url.replace(/\/+$/, '');
  throw new UsageError('--exchange takes an https URL such as https://test.deribit.com/api/v2');
}
