import * as fc from 'fast-check';
import type { SnapshotTable, WatchCommandTable } from '../../../lib/snapshots/table.ts';

/** A writer's process ended here. */
export class Crash extends Error {}

/**
 * What happens to the n-th request of a writer: it dies before the request leaves, or after it was applied; or the
 * reply is lost, and the SDK sends the request again.
 */
export type FaultCase = { readonly request: number; readonly kind: 'diesBefore' | 'diesAfter' | 'replyLost' };

export const faultCases: fc.Arbitrary<readonly FaultCase[]> = fc.array(
  fc.record({
    request: fc.integer({ min: 0, max: 8 }),
    kind: fc.constantFrom('diesBefore', 'diesAfter', 'replyLost'),
  }),
  { maxLength: 2 },
);

type Interference = {
  readonly faultCases: readonly FaultCase[];
  /** Lets other writers come between: every request waits for its turn. */
  readonly turn: (request: string) => Promise<void>;
  /** Looks at the table after every request that was applied. */
  readonly watcher: () => void;
};

/** One writer's view of the table: it may lose its turn, its replies and its life at every request. */
export function withInterference(
  table: SnapshotTable & WatchCommandTable,
  { faultCases, turn, watcher }: Interference,
): SnapshotTable & WatchCommandTable {
  let requests = 0;

  const wrap =
    <Args extends readonly unknown[], Result>(name: string, request: (...args: Args) => Promise<Result>) =>
    async (...args: Args): Promise<Result> => {
      const faultCase = faultCases.find(({ request }) => request === requests)?.kind;
      requests++;
      await turn(name);
      if (faultCase === 'diesBefore') throw new Crash(`before ${name}`);
      let result = await request(...args);
      watcher();
      if (faultCase === 'diesAfter') throw new Crash(`after ${name}`);
      if (faultCase === 'replyLost') {
        await turn(`${name} again`);
        result = await request(...args);
        watcher();
      }
      await turn(`${name} done`);
      return result;
    };

  return {
    readCurrent: wrap('readCurrent', table.readCurrent),
    newestSnapshot: wrap('newestSnapshot', table.newestSnapshot),
    putSnapshot: wrap('putSnapshot', table.putSnapshot),
    supersedeBefore: wrap('supersedeBefore', table.supersedeBefore),
    putHead: wrap('putHead', table.putHead),
    putWatch: wrap('putWatch', table.putWatch),
    putNotFound: wrap('putNotFound', table.putNotFound),
    putHistoryLookup: wrap('putHistoryLookup', table.putHistoryLookup),
    putWatchCommand: wrap('putWatchCommand', table.putWatchCommand),
    claimWatch: wrap('claimWatch', table.claimWatch),
    list: wrap('list', table.list),
  };
}
