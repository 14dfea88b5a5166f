import type { Item } from '../../../lib/dynamo.ts';
import { type Snapshot, snapshotOf } from '../../../lib/snapshots/snapshot.ts';
import { failureOf, printed } from '../thrown.ts';
import { observationOf } from './observations.ts';

export const key = { account: 'main', orderId: 'ORDER-1' };

export const reply = {
  state: 'open',
  updatedAfter: 0,
  version: 1,
  filled: '0',
  label: '',
  rpl: '0',
  requestedAfter: 100,
  took: 50,
  request: 1,
};

export const snapshot: Snapshot = snapshotOf(observationOf(key, reply));

export function without(item: Item, attribute: string): Item {
  return Object.fromEntries(Object.entries(item).filter(([name]) => name !== attribute));
}

/** What reading a spoiled item fails with, as it could be printed. */
export async function refusal(read: () => unknown) {
  const failure = await failureOf(Promise.resolve().then(read));
  return { code: failure.code, message: failure.message, printed: printed(failure) };
}
