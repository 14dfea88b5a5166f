import { isDeepStrictEqual } from 'node:util';
import { Failure } from '../errors.ts';
import type { OrderKey } from './snapshot.ts';
import type { SnapshotTable, StoredWatch } from './table.ts';
import { join, type WatchDelta } from './watch.ts';

type Advance = {
  readonly key: OrderKey;
  /** The watch as last read. */
  readonly stored: StoredWatch | undefined;
  readonly delta: WatchDelta;
  readonly putWatch: SnapshotTable['putWatch'];
  /** The watch as it is now, after another writer changed it. */
  readonly reread: () => Promise<StoredWatch | undefined>;
};

/** More consecutive conflicts than one order ever has writers: beyond this, something else is wrong. */
const maxRevisions = 16;

/**
 * Joins a delta into the watch, and retries when another writer was faster. Throws `store_conflict`, and what the table
 * throws.
 */
export async function advanceWatch({ key, stored, delta, putWatch, reread }: Advance): Promise<StoredWatch> {
  let latest = stored;
  for (let lost = 0; lost < maxRevisions; lost++) {
    const watch = join(latest?.watch, delta);
    const revision = latest?.revision ?? 0;
    if (latest !== undefined && isDeepStrictEqual(watch, latest.watch)) return latest;
    if (await putWatch(key, watch, revision)) return { watch, revision: revision + 1 };
    latest = await reread();
  }
  throw new Failure('store_conflict', "Too many concurrent writes to this order's watch. Try again.");
}
