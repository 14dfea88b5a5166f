import type { AccountListing } from '../accounts/table.ts';
import type { Clock } from '../clock.ts';
import { asFailure } from '../errors.ts';
import type { ExchangeLists } from '../exchange/lists.ts';
import type { OpenOrders } from '../exchange/open-orders.ts';
import { isSuspicious, lastChangedOrSeenAt, selectProbes } from './list-comparison.ts';
import { createListedRows, type ListedRowsDeps } from './listed-rows.ts';
import type { LiveOrder } from './live-orders.ts';
import { inParallel } from './parallel.ts';

export type ListingDeps = ListedRowsDeps & {
  readonly lists: Pick<ExchangeLists, 'listOpenOrders'>;
  readonly clock: Clock;
};

/** The result of one list. */
export type ListResult = {
  /**
   * `passed`: every consequence is stored. `contradicted`: an order that it lacked is open. `incomplete`: it permits no
   * conclusion from absence. `unfinished`: it may, but not all of it could be stored or checked.
   */
  readonly outcome: 'passed' | 'contradicted' | 'incomplete' | 'unfinished';
  /** The list, to be stored with the account; only of one that passed. */
  readonly listed?: AccountListing | undefined;
  readonly discovered: number;
  readonly vanished: number;
  /** Whether any order differs from the list before. */
  readonly changed: boolean;
};

/** How long one list may take, with all its calls; milliseconds. */
const listMs = 10_000;

/**
 * Lists the account's open orders, compares them with those that are known as live, and acts on the difference. The
 * rows are recorded first, then the orders that vanished are marked; only then is the list one of which the account can
 * say "as of". Throws `Failure` when the list fails: then nothing was concluded.
 */
export function createListing(deps: ListingDeps): () => Promise<ListResult> {
  const { lists, store, orders, checks, clock, account, dialect, goesOn } = deps;
  const rows = createListedRows(deps);

  return async () => {
    // Those that are known now: what is covered while the list is under way is not compared with it.
    const covered = orders
      .all()
      .filter((order) => order.covered)
      .toArray();
    const list = await lists.listOpenOrders({ deadline: clock.now() + listMs, followEarlier: rows.followEarlier });
    const seen = await rows.record(list);
    const changed = seen.recorded > 0;
    if (!list.complete) return { outcome: 'incomplete', discovered: seen.discovered, vanished: 0, changed };

    const absent = covered.filter(({ orderId }) => !list.ids.has(orderId));
    const verdict = await compare(list, absent, covered.length);
    const marked = verdict === 'plausible' ? await markAbsent(absent, list.requestedAt) : 0;
    const counts = { discovered: seen.discovered, vanished: marked, changed: changed || absent.length > 0 };
    if (verdict === 'contradicted') return { outcome: verdict, ...counts };
    if (verdict === 'inconclusive' || seen.unfinished || marked < absent.length || !goesOn()) {
      return { outcome: 'unfinished', ...counts };
    }
    const listed = { at: list.requestedAt, orders: list.ids.size, ordersReadAt: orders.readAt() };
    return { outcome: 'passed', listed, ...counts };
  };

  /** Where much is missing at once, an order is checked before the list is believed. */
  async function compare(
    { ids, requestedAt }: OpenOrders,
    absent: readonly LiveOrder[],
    covered: number,
  ): Promise<'plausible' | 'contradicted' | 'inconclusive'> {
    const settled = absent.filter((order) => lastChangedOrSeenAt(order) + dialect.lists.lagMs <= requestedAt);
    if (!isSuspicious({ absent: settled.length, covered, listed: ids.size })) return 'plausible';
    for (const { orderId } of selectProbes(settled, clock.now())) {
      const outcome = await checks.check(orderId);
      if (outcome !== undefined) return outcome === 'open' ? 'contradicted' : 'plausible';
    }
    return 'inconclusive';
  }

  /** How many are marked, or no longer open; all of them, unless the table or the time fails. */
  async function markAbsent(absent: readonly LiveOrder[], listedAt: number): Promise<number> {
    let marked = 0;
    await inParallel(absent, goesOn, async ({ orderId }) => {
      const known = orders.get(orderId);
      if (known === undefined) {
        marked++;
        return;
      }
      try {
        const stored = await store.markUnlisted({ account, orderId }, listedAt, known.stored);
        if (stored !== undefined) orders.set(orderId, stored);
        marked++;
      } catch (thrown) {
        // It stays as it was, and the list unfinished.
        checks.count(asFailure(thrown));
      }
    });
    return marked;
  }
}
