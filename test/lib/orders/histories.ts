import { afterAll, beforeAll } from 'vitest';
import { history } from '../../../lib/api/presenters.ts';
import { listSnapshotsRequest } from '../../../lib/api/requests.ts';
import type { History } from '../../../lib/api/responses.ts';
import { systemClock } from '../../../lib/clock.ts';
import { createListSnapshots } from '../../../lib/orders/list-snapshots.ts';
import { createDynamoReader } from '../../../lib/snapshots/dynamo-reader.ts';
import { snapshotItem } from '../../../lib/snapshots/items.ts';
import { type OrderKey, type Snapshot, snapshotOf } from '../../../lib/snapshots/snapshot.ts';
import { type Engine, startDynalite } from '../../engines.ts';
import { observationOf, opened, type ReplyFields, start } from '../snapshots/observations.ts';
import { writeItems } from '../snapshots/write-items.ts';

export const hour = 3_600_000;
export const runs = Number(process.env['RUNS'] ?? 50);
export let engine: Engine;
type HistoryParameters = Parameters<typeof listSnapshotsRequest>[0];

/** The use case as the API calls it: from the parameters of a request to its response. */
let listSnapshots: (parameters: HistoryParameters) => Promise<History>;

let orders = 0;

/** The tests of a file share a table. */
export function startEngineForFile(): void {
  beforeAll(async () => {
    engine = await startDynalite();
    const reader = createDynamoReader({ ...engine, clock: systemClock });
    const read = createListSnapshots({ accounts: new Set(['main', 'other']), reader });
    listSnapshots = async (parameters) => {
      const request = listSnapshotsRequest(parameters);
      return history(request, await read(request));
    };
  });
  afterAll(() => engine.stop());
}

/** Each test has its own order, because the engine is shared. */
export function newKey(account = 'main'): OrderKey {
  return { account, orderId: `ORDER-${++orders}` };
}

/** Keeps the states, and gives their snapshots by descending rank. */
export async function writeHistory(
  key: OrderKey,
  states: readonly Partial<ReplyFields>[],
): Promise<readonly Snapshot[]> {
  const snapshots = states.map((state) => snapshotOf(observationOf(key, { ...opened, ...state })));
  const byRank = new Map(snapshots.map((snapshot) => [snapshot.rank, snapshot]));
  await writeItems(engine, [...byRank.values()].map(snapshotItem));
  return [...byRank.values()].toSorted((a, b) => (a.rank < b.rank ? 1 : -1));
}

export type Requested = Omit<HistoryParameters, 'account' | 'order_id'>;

export function request({ account, orderId }: OrderKey, requested: Requested = {}): Promise<History> {
  return listSnapshots({ account, order_id: orderId, ...requested });
}

export function iso(after: number): string {
  return new Date(start + after).toISOString();
}

export function ranksOf(snapshots: readonly { readonly rank: string }[]): readonly string[] {
  return snapshots.map(({ rank }) => rank);
}
