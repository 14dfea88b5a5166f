import { isEarlier, type Snapshot } from '../snapshots/snapshot.ts';
import { stateChange, type TransitionEvent } from './events.ts';

/**
 * The events of an order's head, rebuilt from its snapshots. In the order of observation, each snapshot that ranks
 * above all earlier ones raised the head; late ones did not. Ids equal those of the stream's events. A snapshot that a
 * crash kept from the head until a greater one replaced it has an event here and had none in the stream.
 */
export function stateChangesOf(snapshots: readonly Snapshot[]): readonly TransitionEvent[] {
  const events: TransitionEvent[] = [];
  let head: Snapshot | undefined;
  for (const snapshot of snapshots.toSorted((a, b) => (isEarlier(a.provenance, b.provenance) ? -1 : 1))) {
    const event = stateChange(head, snapshot);
    if (event === undefined) continue;
    events.push(event);
    head = snapshot;
  }
  return events;
}
