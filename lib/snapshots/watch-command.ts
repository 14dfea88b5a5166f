import { advanceWatch } from './advance-watch.ts';
import type { WatchCommand, WatchCommandTable } from './table.ts';
import type { Watch } from './watch.ts';

/**
 * Keeps a person's word, and answers the watch that it leaves: who has the last one decides, and no later answer of the
 * exchange changes that. The evidence is written first, and the watch at once with the list that it then belongs to, so
 * a crash in between leaves nothing but evidence of a word that was not answered. Safe to repeat.
 */
export async function applyWatchCommand(table: WatchCommandTable, command: WatchCommand): Promise<Watch> {
  await table.putWatchCommand(command);
  const { at, by, stopped } = command;
  const claim = () => table.claimWatch(command);
  const { watch } = await advanceWatch({
    key: command,
    stored: await claim(),
    delta: { openedAt: at, operator: { at, by, stopped } },
    putWatch: table.putWatch,
    reread: claim,
  });
  return watch;
}
