import { createDynamoAccountTable } from '../../lib/accounts/dynamo-table.ts';
import { isPaused } from '../../lib/accounts/table.ts';
import { iso } from '../../lib/time.ts';
import { visible } from '../../lib/visible.ts';
import { addExamples, addNotes, UsageError, wholeNumber } from './command-line.ts';
import type { Context } from './context.ts';
import { accountName, createStackCommand, targetOf } from './options.ts';
import { requireAccount } from './require-account.ts';
import { openTable } from './stack.ts';

const maxMinutes = 10_080;

export function pauseCommand({ terminal, clock }: Context) {
  const command = createStackCommand('pause')
    .description("Stops an account's scheduled checks for a while, or resumes them.")
    .requiredOption('--account <name>', 'the account', accountName)
    .option(
      '--minutes <n>',
      `how long, 1 to ${maxMinutes}; the checks then resume on their own`,
      wholeNumber('--minutes', 1, maxMinutes),
    )
    .option('--resume', 'end a pause')
    .option('--by <name>', 'who pauses it, recorded with the pause (default: the user of this machine)')
    .action(async ({ account, minutes, resume, json, by = terminal.user, ...options }) => {
      if (minutes !== undefined && resume) throw new UsageError('Give --minutes or --resume, not both');
      const table = await openTable(targetOf(options));
      await requireAccount(table, account);
      const accounts = createDynamoAccountTable(table);
      const now = clock.now();
      if (minutes !== undefined)
        await accounts.setPause(account, { paused: true, by, at: now, until: now + minutes * 60_000 });
      if (resume) await accounts.setPause(account, { paused: false, by, at: now });
      const state = await accounts.readAccount(account);
      const paused = isPaused(state, now);
      const { until, by: pausedBy = '' } = (paused && state.pause) || {};
      const ends = until === undefined ? {} : { until: iso(until) };
      if (json) terminal.out(`${JSON.stringify({ account, paused, ...ends, by: paused ? pausedBy : undefined })}\n`);
      else if (!paused) terminal.out(`Account ${account} is not paused.\n`);
      else {
        const end = ends.until === undefined ? '' : ` until ${ends.until}`;
        terminal.out(`Account ${account} is paused${end}, by ${visible(pausedBy)}.\n`);
      }
    });
  addExamples(
    command,
    ['--account main --stage prod', 'whether it is paused'],
    ['--account main --stage prod --minutes 30', 'pause it'],
    ['--account main --stage prod --resume', 'resume it'],
  );
  addNotes(
    command,
    `API requests work as usual. If the pause is longer than the exchange keeps closed orders, an order that closes meanwhile may
be forgotten unseen. A running sweep ends within seconds of the next minute. Exit codes: 0 done, 1 failed, 2 wrong options.`,
  );
  return command;
}
