/**
 * `npm run pause`: stops the scheduled checks of one account for a while, or lets them go on. An operator's command, with
 * their own AWS credentials; people's questions are answered as ever.
 */
import { userInfo } from 'node:os';
import { parseArgs } from 'node:util';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { createDynamoAccountTable } from '../lib/accounts/dynamo-table.ts';
import { isPaused } from '../lib/accounts/table.ts';
import { accountPattern } from '../lib/stage.ts';
import { tableOfStage } from './stage-table.ts';

const longestMinutes = 10_080;

const help = `Stops the scheduled checks of one account, for a while.

  npm run pause -- --account main --stage prod                  whether it is paused
  npm run pause -- --account main --stage prod --minutes 30     pause it
  npm run pause -- --account main --stage prod --resume         let it go on

Options
  --account NAME  the account
  --stage NAME    the stage whose table is meant
  --table NAME    the table, if it is not the stage's
  --minutes N     how long, 1 to ${longestMinutes}; the checks then go on by themselves
  --resume        end a pause
  --by WHO        who says so, kept with the pause (default: the name of this machine's user)
  --region R      AWS region (default: that of the environment or of the AWS profile)
  --help          show this

An order that closes during a pause longer than the exchange remembers closed orders may vanish unseen.
A sweep under way ends within some seconds of the next minute. Exit codes: 0 done, 1 failed, 2 wrong options.
`;

/** What an operator reads in one line. */
class Refusal extends Error {}

const text = { type: 'string' } as const;
const flag = { type: 'boolean', default: false } as const;

async function pause(): Promise<void> {
  const { values } = parseArgs({
    options: {
      account: text,
      stage: text,
      table: text,
      minutes: text,
      by: text,
      region: text,
      resume: flag,
      help: flag,
    },
  });
  if (values.help) {
    process.stdout.write(help);
    return;
  }
  const { account = '', stage, table, minutes, by = userInfo().username, region, resume } = values;
  if (!accountPattern.test(account)) throw new Refusal('give the --account');
  if (stage === undefined && table === undefined) throw new Refusal('give --stage or --table');
  if (minutes !== undefined && (resume || !/^\d{1,5}$/.test(minutes) || +minutes < 1 || +minutes > longestMinutes)) {
    throw new Refusal(`--minutes takes a whole number from 1 to ${longestMinutes}, and no --resume beside it`);
  }

  const client = new DynamoDBClient(region === undefined ? {} : { region });
  const accounts = createDynamoAccountTable({ client, tableName: table ?? (await tableOfStage(client, stage ?? '')) });
  const now = Date.now();
  if (minutes !== undefined)
    await accounts.setPause(account, { paused: true, by, at: now, until: now + +minutes * 60_000 });
  if (resume) await accounts.setPause(account, { paused: false, by, at: now });
  const state = await accounts.readAccount(account);
  const until = state.pause?.until === undefined ? '' : ` until ${new Date(state.pause.until).toISOString()}`;
  process.stdout.write(
    isPaused(state, now)
      ? `Account ${account} is paused${until}, by ${state.pause?.by}.\n`
      : `Account ${account} is not paused.\n`,
  );
}

try {
  await pause();
} catch (error) {
  const [line] = error instanceof Error ? error.message.split('\n') : [];
  const isUsage = error instanceof Refusal || (error instanceof TypeError && 'code' in error);
  process.stderr.write(`${line}${isUsage ? '. See: npm run pause -- --help' : ''}\n`);
  process.exitCode = isUsage ? 2 : 1;
}
