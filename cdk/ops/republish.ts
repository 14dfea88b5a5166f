import { addExamples, addNotes } from './command-line.ts';
import type { Context } from './context.ts';
import { createStackCommand, sinceText, targetOf, timeOption } from './options.ts';
import { replayEvents, replaySummary } from './replay-events.ts';
import { readUnitsPerSecond } from './table-reader.ts';

export function republishCommand(context: Context) {
  const { terminal } = context;
  const command = createStackCommand('republish')
    .description('Publishes OrderStateChanged events again, from the table, for consumers that missed them.')
    .requiredOption('--since <time>', `when the states were first observed: ${sinceText}`, timeOption('--since'))
    .option('--bus <name>', "the event bus, if it is not the stage's")
    .option('--yes', 'send them; without it they are only counted')
    .action(async ({ since, bus, yes = false, json, ...options }) => {
      const replayed = await replayEvents(context, targetOf(options), { since, bus, send: yes });
      const { events, orders, unreadable } = replayed;
      if (json) terminal.out(`${JSON.stringify({ bus: replayed.bus, sent: yes, events, orders, unreadable })}\n`);
      else {
        terminal.out(replaySummary(replayed, yes));
        if (!yes) terminal.out('Nothing was sent: add --yes to send them.\n');
      }
      if (unreadable > 0) {
        terminal.log(`Left out: ${unreadable} of the orders named above, which cannot be read.\n`);
        context.fail();
      }
    });
  addExamples(
    command,
    ['--since 2026-01-01T12:00:00Z --stage prod', 'count the events'],
    ['--since 2026-01-01T12:00:00Z --stage prod --yes', 'send them'],
  );
  addNotes(
    command,
    `It reads the whole table once, at ${readUnitsPerSecond} read units a second. The events of an order keep their order and their ids:
consumers recognize repeated ones by detail.id. Events about watches (such as OrderMissing) are not in the table and cannot be
published again. Exit codes: 0 done, 1 failed or incomplete, 2 wrong options.`,
  );
  return command;
}
