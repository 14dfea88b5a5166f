import * as z from 'zod/mini';
import { type CursorScope, readCursor, writeCursor } from '../api/cursor.ts';
import { defaultRows } from '../api/parameters.ts';
import { listedOrder } from '../api/presenters.ts';
import type { OrderList } from '../api/responses.ts';
import type { routes } from '../api/routes.ts';
import type { Clock } from '../clock.ts';
import type { ListPosition, SnapshotReader } from '../snapshots/reader.ts';
import { type KnownAccounts, refuseUnknown } from './known-accounts.ts';

export type ListOrdersDeps = {
  readonly accounts: KnownAccounts;
  readonly reader: Pick<SnapshotReader, 'list'>;
  readonly clock: Clock;
};

export type ListOrders = (request: z.output<typeof routes.listOrders.parameters>) => Promise<OrderList>;

/**
 * A page of an account's orders, from the index. An order that moves while somebody pages may be met twice or not at
 * all; one that rests is met once. Throws `Failure`.
 */
export function createListOrders({ accounts, reader, clock }: ListOrdersDeps): ListOrders {
  return async ({ account, state, limit = defaultRows, cursor }) => {
    refuseUnknown(accounts, account);
    const scope: CursorScope = ['listOrders', account, state];
    const after = cursor === undefined ? undefined : readCursor(scope, Position, cursor);
    const { rows, next } = await reader.list(account, state, { after, limit });
    const last = rows.at(-1);
    const now = clock.now();
    return {
      account,
      state,
      orders: rows.map((entry) => listedOrder(entry, now)),
      ...(next !== undefined && last !== undefined && { cursor: writeCursor(scope, positionText(last)) }),
    };
  };
}

function positionText({ at, orderId }: ListPosition): string {
  return `${at} ${orderId}`;
}

const Position = z.pipe(
  z.string().check(z.regex(/^\d{1,13} \S{1,64}$/)),
  z.transform((text): ListPosition => {
    const [at = '', orderId = ''] = text.split(' ');
    return { at: Number(at), orderId };
  }),
);
