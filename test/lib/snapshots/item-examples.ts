import type { Item } from '../../../lib/dynamo.ts';
import { type Snapshot, snapshotOf } from '../../../lib/snapshots/snapshot.ts';
import { failureOf, printed } from '../thrown.ts';
import { observationOf, opened } from './observations.ts';

export const key = { account: 'main', orderId: 'ORDER-1' };

export const reply = { ...opened, requestedAfter: 100 };

export const snapshot: Snapshot = snapshotOf(observationOf(key, reply));

export function without(item: Item, attribute: string): Item {
  return Object.fromEntries(Object.entries(item).filter(([name]) => name !== attribute));
}

/** What reading a spoiled item fails with, as it could be printed. */
export async function refusal(read: () => unknown) {
  const failure = await failureOf(Promise.resolve().then(read));
  return { code: failure.code, message: failure.message, printed: printed(failure) };
}
