import * as z from 'zod/mini';
import type { ListOrdersRequest } from '../orders/list-orders.ts';
import type { ListSnapshotsRequest } from '../orders/list-snapshots.ts';
import { type Rank, rankPattern, updatedAtOfRank } from '../snapshots/rank.ts';
import type { ListPosition } from '../snapshots/reader.ts';
import { endOfTime } from '../time.ts';
import { badRequest } from './bad-request.ts';
import { type CursorScope, readCursor, writeCursor } from './cursor.ts';
import { defaultRows } from './parameters.ts';
import type { routes } from './routes.ts';

/*
 * The use cases' requests, made from a request's parameters: times in milliseconds since the Unix epoch, positions
 * instead of cursors. Both directions of a cursor are here; presenters make the rest of a response.
 */

type Parameters<Name extends keyof typeof routes> = z.output<(typeof routes)[Name]['parameters']>;

/** Throws `bad_request` for the cursor of another list. */
export function listOrdersRequest(parameters: Parameters<'listOrders'>): ListOrdersRequest {
  const { account, state, instrument_name: instrumentName, limit = defaultRows, cursor } = parameters;
  const after =
    cursor === undefined ? undefined : readCursor(ordersScope({ account, state }), ListPositionText, cursor);
  return { account, state, instrumentName, limit, after };
}

export function ordersCursor(list: Pick<ListOrdersRequest, 'account' | 'state'>, last: ListPosition): string {
  return writeCursor(ordersScope(list), `${last.at} ${last.orderId}`);
}

function ordersScope({ account, state }: Pick<ListOrdersRequest, 'account' | 'state'>): CursorScope {
  return ['listOrders', account, state];
}

const ListPositionText = z.pipe(
  z.string().check(z.regex(/^\d{1,13} \S{1,64}$/)),
  z.transform((text): ListPosition => {
    const [at = '', orderId = ''] = text.split(' ');
    return { at: Number(at), orderId };
  }),
);

/** Throws `bad_request` for parameters that do not go together, and for the cursor of another list. */
export function listSnapshotsRequest(parameters: Parameters<'listSnapshots'>): ListSnapshotsRequest {
  refuseContradictions(parameters);
  const { account, order_id: orderId, limit = defaultRows, cursor } = parameters;
  const range = { account, orderId, since: timeOf(parameters.since), until: timeOf(parameters.until) };
  const below = cursor === undefined ? undefined : readCursor(snapshotsScope(range), rankIn(range), cursor);
  return { ...range, at: timeOf(parameters.at), believedAt: timeOf(parameters.believed_at), below, limit };
}

export function snapshotsCursor(range: Range, last: Rank): string {
  return writeCursor(snapshotsScope(range), last);
}

type Range = Pick<ListSnapshotsRequest, 'account' | 'orderId' | 'since' | 'until'>;

function snapshotsScope({ account, orderId, since = 0, until = endOfTime }: Range): CursorScope {
  return ['listSnapshots', account, orderId, since, until];
}

/** A page ends with a snapshot of its range. */
function rankIn({ since = 0, until = endOfTime }: Range) {
  const isInRange = (rank: string) => updatedAtOfRank(rank) >= since && updatedAtOfRank(rank) <= until;
  return z.string().check(z.regex(rankPattern), z.refine(isInRange));
}

function refuseContradictions(parameters: Parameters<'listSnapshots'>): void {
  const moments = (['at', 'believed_at'] as const).filter((name) => parameters[name] !== undefined);
  const others = (['since', 'until', 'limit', 'cursor'] as const).filter((name) => parameters[name] !== undefined);
  if (moments.length > 0 && others.length > 0) {
    const message = `cannot be combined with ${moments.join(' and ')}: leave it out`;
    throw badRequest(others.map((name) => ({ name, message })));
  }
  const { since, until } = parameters;
  if (since !== undefined && until !== undefined && Date.parse(since) > Date.parse(until)) {
    throw badRequest([{ name: 'since', message: 'must not be later than until' }]);
  }
}

function timeOf(moment: string | undefined): number | undefined {
  return moment === undefined ? undefined : Date.parse(moment);
}
