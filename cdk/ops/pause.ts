import { parseArgs } from 'node:util';
import { createDynamoAccountTable } from '../../lib/accounts/dynamo-table.ts';
import { isPaused } from '../../lib/accounts/table.ts';
import type { Command } from './command.ts';
import { accountOf, flag, placeOf, Refusal, shared, sharedHelp, text, wholeNumber } from './options.ts';
import { openTable } from './stack.ts';

const maxMinutes = 10_080;

const help = `Stops the scheduled checks of one account, for a while. People's questions are answered as ever.

  npm run ops -- pause --account main --stage prod                  whether it is paused
  npm run ops -- pause --account main --stage prod --minutes 30     pause it
  npm run ops -- pause --account main --stage prod --resume         let it go on

Options
  --account NAME  the account
  --minutes N     how long, 1 to ${maxMinutes}; the checks then go on by themselves
  --resume        end a pause
  --by WHO        who says so, kept with the pause (default: the name of this machine's user)
${sharedHelp}
An order that closes during a pause longer than the exchange remembers closed orders may vanish unseen.
A sweep under way ends within some seconds of the next minute. Exit codes: 0 done, 1 failed, 2 wrong options.
`;

export const pause: Command = {
  name: 'pause',
  does: "stops an account's scheduled checks for a while, or lets them go on",
  help,
  run: async (args, { terminal, clock }) => {
    const options = { ...shared, account: text, minutes: text, by: text, resume: flag };
    const { values } = parseArgs({ args: [...args], options });
    const account = accountOf(values.account);
    const place = placeOf(values);
    const minutes = values.minutes === undefined ? undefined : wholeNumber('minutes', values.minutes, 1, maxMinutes);
    if (minutes !== undefined && values.resume) throw new Refusal('give --minutes or --resume, not both');

    const accounts = createDynamoAccountTable(await openTable(place));
    const { by = terminal.user } = values;
    const now = clock.now();
    if (minutes !== undefined)
      await accounts.setPause(account, { paused: true, by, at: now, until: now + minutes * 60_000 });
    if (values.resume) await accounts.setPause(account, { paused: false, by, at: now });
    const state = await accounts.readAccount(account);
    const paused = isPaused(state, now);
    const { until, by: whose = '' } = (paused && state.pause) || {};
    const ends = until === undefined ? {} : { until: new Date(until).toISOString() };
    if (values.json) terminal.out(`${JSON.stringify({ account, paused, ...ends, ...(paused && { by: whose }) })}\n`);
    else if (!paused) terminal.out(`Account ${account} is not paused.\n`);
    else
      terminal.out(
        `Account ${account} is paused${ends.until === undefined ? '' : ` until ${ends.until}`}, by ${whose}.\n`,
      );
    return 0;
  },
};
