import { createDynamoAccountReader } from '../../lib/accounts/dynamo-reader.ts';
import type { AccountOverview } from '../../lib/api/account-responses.ts';
import { accountOverview } from '../../lib/api/presenters.ts';
import { type DialectName, dialectNames } from '../../lib/exchange/dialects/index.ts';
import { accountSettings, createListAccounts } from '../../lib/orders/list-accounts.ts';
import { withDefaults } from '../account-defaults.ts';
import { columns } from './columns.ts';
import { addExamples, addNotes, listed, oneOf, UsageError } from './command-line.ts';
import type { Context } from './context.ts';
import { duration } from './duration.ts';
import { accountName, createStackCommand, targetOf } from './options.ts';
import { openTable } from './stack.ts';
import { stageAccounts } from './stage-accounts.ts';

export function accountsCommand({ terminal, clock }: Context) {
  const command = createStackCommand('accounts')
    .description('Shows the accounts of a stage: their lists, orders, rate limits and circuit breakers.')
    .option('--account <name>', 'only this account', accountName)
    .option(
      '--dialect <name>',
      `dialect of its exchange, for a stage of another project: ${listed(dialectNames)}`,
      oneOf('--dialect', dialectNames),
    )
    .action(async ({ account, dialect, json, ...options }) => {
      const target = targetOf(options);
      const accounts = accountSettings(await settingsOf(target.stage, account, dialect));
      const table = createDynamoAccountReader(await openTable(target));
      const found = await createListAccounts({ accounts, table, clock }).all(() => true);
      const now = clock.now();
      const shown = found.map((overview) => accountOverview(overview, now));
      if (json) terminal.out(`${JSON.stringify({ accounts: shown })}\n`);
      else terminal.out(columns([heading, ...shown.map((overview) => cellsOf(overview, now))]));
    });
  addExamples(
    command,
    ['--stage prod', 'all accounts'],
    ['--stage prod --account main --json', 'one, as the API shows it'],
    ['--account main --dialect orangex --endpoint http://127.0.0.1:33407', 'what npm start runs'],
  );
  addNotes(
    command,
    `The sweep last counted the orders; covered ones are confirmed by lists. Age is the time since the latest complete list
was requested. Rate limit is the part of our burst that is in use now. Exit codes: 0 done, 1 failed, 2 wrong options.`,
  );
  return command;
}

const withoutStage =
  'Give --stage, or --account and --dialect: those of npm start without options are --account main --dialect orangex';

/** The accounts to show, as the command line says or as the stage table has them. */
async function settingsOf(
  stage: string | undefined,
  account: string | undefined,
  dialect: DialectName | undefined,
): Promise<Parameters<typeof accountSettings>[0]> {
  if (account !== undefined && dialect !== undefined) return { [account]: { dialect, ...withDefaults({ dialect }) } };
  if (dialect !== undefined) throw new UsageError('--dialect needs --account');
  if (stage === undefined) throw new UsageError(withoutStage);
  const all = (await stageAccounts(stage, '--account and --dialect')) ?? {};
  if (account === undefined) return all;
  const found = Object.hasOwn(all, account) ? all[account] : undefined;
  if (found !== undefined) return { [account]: found };
  throw new UsageError(`Stage ${stage} has no account ${account}: it has ${Object.keys(all).join(', ')}`);
}

const counted = ['open', 'covered', 'missing', 'unknown', 'inconsistent'] as const;
const heading = [
  ...['account', 'lists', 'age', 'listed', ...counted],
  ...['rate limit', 'circuit breaker', 'over capacity', 'paused'],
];

/** What others wrote is escaped by `columns`. */
function cellsOf(overview: AccountOverview, now: number): readonly string[] {
  const { account, list, orders, rate_limit: limit, circuit_breaker: breaker, pause } = overview;
  return [
    account,
    because(list.state, list.reason),
    list.listed_at === undefined ? '-' : duration(now - Date.parse(list.listed_at)),
    String(list.orders ?? '-'),
    ...counted.map((name) => String(orders?.[name] ?? '-')),
    `${Math.round(limit.used * 100)} %`,
    because(breaker.state, breaker.reason, breaker.state === 'closed' ? undefined : breaker.since),
    overview.over_capacity ? 'yes' : 'no',
    pause === undefined ? 'no' : `${pause.until === undefined ? '' : `until ${pause.until} `}by ${pause.by}`,
  ];
}

function because(state: string, reason?: string, since?: string): string {
  return `${state}${reason === undefined ? '' : `: ${reason}`}${since === undefined ? '' : ` since ${since}`}`;
}
