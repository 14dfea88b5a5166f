import { parseArgs } from 'node:util';
import { createBus } from '../../lib/transitions/bus.ts';
import type { Command } from './command.ts';
import { flag, placeOf, Refusal, shared, sharedHelp, text, timeOf } from './options.ts';
import { countsText, sendAgain } from './replayed-events.ts';
import { busOf, createEvents, openTable } from './stack.ts';
import { createTableReader, unitsPerSecond } from './table-reader.ts';

const help = `Sends the OrderStateChanged events since a time again, made from the snapshot table, with the ids that they had.
Without --yes it only counts them.

  npm run ops -- republish --since 2026-01-01T12:00:00Z --stage prod            how many there are
  npm run ops -- republish --since 2026-01-01T12:00:00Z --stage prod --yes      send them

Options
  --since ISO     time from which states were first observed: a date (UTC), or a time with Z or an offset
  --bus NAME      the event bus, if it is not the stage's
  --yes           send
${sharedHelp}
It reads the whole table once, at ${unitsPerSecond} read units a second. An order's events keep their order; consumers tell those
that they know by detail.id. Events of watches (OrderMissing and the like) are not in the table: they cannot be made
again.
Exit codes: 0 done, 1 failed or in part, 2 wrong options.
`;

export const republish: Command = {
  name: 'republish',
  does: 'makes events again from the table, for consumers that missed them',
  help,
  run: async (args, { terminal, clock }) => {
    const { values } = parseArgs({ args: [...args], options: { ...shared, since: text, bus: text, yes: flag } });
    const since = timeOf('since', values.since);
    const place = placeOf(values);
    const table = await openTable(place);
    const busName = values.bus ?? busOf(table.tableName);
    if (busName === undefined) throw new Refusal('give the --bus, for the name of the table does not tell it');

    const send = values.yes ? createBus({ client: createEvents(place), clock }) : undefined;
    const reader = createTableReader(table, clock);
    const { events, orders, failed } = await sendAgain({ reader, send, busName, since, clock, log: terminal.log });
    if (values.json) {
      terminal.out(`${JSON.stringify({ bus: busName, sent: values.yes, events, orders, unreadable: failed })}\n`);
    } else {
      const [verb, where] = values.yes ? ['Sent', 'to'] : ['Would send', 'on'];
      terminal.out(`${verb} ${countsText(events)} of ${orders} orders ${where} ${busName}.\n`);
      if (!values.yes) terminal.out('Nothing was sent: add --yes to send them.\n');
    }
    if (failed > 0) terminal.log(`Left out, for they cannot be read: ${failed} of the orders named above.\n`);
    return failed > 0 ? 1 : 0;
  },
};
