import { isEarlier, type Snapshot } from '../snapshots/snapshot.ts';
import { stateChange, type TransitionEvent } from './events.ts';

/**
 * The events of an order's head, made again from its snapshots: told in the order in which they were observed, those that
 * rank above all before them raised the head. Late ones did not. Ids are those of the stream's events; a snapshot that a
 * crash kept from the head, until a greater one took its place, is told of here and was not there.
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
