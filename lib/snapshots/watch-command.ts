import { advanceWatch } from './advance-watch.ts';
import type { WatchCommand, WatchCommandTable } from './table.ts';
import type { Watch } from './watch.ts';

/**
 * Applies an operator's command and returns the resulting watch: the latest command decides, and no later reply of the
 * exchange changes that. The audit entry is written first and the watch, with its list, in one request after it: a crash
 * in between leaves only an audit entry of a command that was not confirmed. Safe to repeat.
 */
export async function applyWatchCommand(table: WatchCommandTable, command: WatchCommand): Promise<Watch> {
  await table.putWatchCommand(command);
  const { at, by, stopped } = command;
  const claim = () => table.claimWatch(command);
  const { watch } = await advanceWatch({
    key: command,
    stored: await claim(),
    delta: { openedAt: at, startedBy: 'person', operator: { at, by, stopped } },
    putWatch: table.putWatch,
    reread: claim,
  });
  return watch;
}
