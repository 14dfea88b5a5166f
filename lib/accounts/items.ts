/**
 * The account's own item in the table, and its access patterns.
 *
 * | item    | pk           | sk      | changes when                                                                |
 * |---------|--------------|---------|-----------------------------------------------------------------------------|
 * | account | account name | ACCOUNT | permits are taken, a sweep starts or ends, the account is paused or resumed, |
 * |         |              |         | a watch is requested                                                        |
 *
 * | access pattern          | request                                                               |
 * |-------------------------|-----------------------------------------------------------------------|
 * | read the account        | GetItem, consistent                                                   |
 * | take permits            | UpdateItem tat + n if tat in [now, limit], or = now + n if tat < now  |
 * | cool down               | UpdateItem tat = end if tat < end                                     |
 * | request a handover      | UpdateItem handover_requested_by                                      |
 * | take, renew the lease   | UpdateItem if it is absent, the owner's, or (to take) expired         |
 * | release the lease       | UpdateItem if it is the owner's; sets over_capacity                   |
 * | pause, resume           | UpdateItem if the stored command is an earlier one                    |
 * | start a watch           | UpdateItem watch_requested_at; returns the item                       |
 *
 * An order's pk is `account#orderId`, and account names have no `#`, so the two cannot collide.
 */
import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import * as z from 'zod/mini';
import { BOOL, type Item, N, number, readItem, S } from '../dynamo.ts';
import type { AccountState, Lease, Pause } from './table.ts';

/** The current schema of the item; readers reject any other. */
export const schema = { N: '1' } as const;

export function accountKey(account: string): { pk: AttributeValue; sk: AttributeValue } {
  return { pk: { S: account }, sk: { S: 'ACCOUNT' } };
}

export function leaseValue({ owner, until }: Lease): AttributeValue {
  return { M: { owner: { S: owner }, expires_at: number(until) } };
}

export function pauseValue({ paused, by, at, until }: Pause): AttributeValue {
  return {
    M: {
      paused: { BOOL: paused },
      by: { S: by },
      at: number(at),
      ...(until !== undefined && { expires_at: number(until) }),
    },
  };
}

const AccountItem = z.object({
  schema: z.object({ N: z.literal(schema.N) }),
  tat: z.optional(N),
  lease: z.optional(z.object({ M: z.object({ owner: S, expires_at: N }) })),
  handover_requested_by: z.optional(S),
  over_capacity: z.optional(BOOL),
  pause: z.optional(z.object({ M: z.object({ paused: BOOL, by: S, at: N, expires_at: z.optional(N) }) })),
});

/** Reads the account's item, which may not exist yet. Throws `store_corrupt`. */
export function readAccountItem(item: Item | undefined): AccountState {
  if (item === undefined) return { tat: 0 };
  const {
    tat = 0,
    lease,
    handover_requested_by: handoverRequestedBy,
    pause,
    over_capacity: overCapacity,
  } = readItem(AccountItem, item);
  return {
    tat,
    ...(lease !== undefined && { lease: { owner: lease.M.owner, until: lease.M.expires_at } }),
    ...(handoverRequestedBy !== undefined && { handoverRequestedBy }),
    ...(pause !== undefined && {
      pause: {
        paused: pause.M.paused,
        by: pause.M.by,
        at: pause.M.at,
        ...(pause.M.expires_at !== undefined && { until: pause.M.expires_at }),
      },
    }),
    ...(overCapacity !== undefined && { summary: { overCapacity } }),
  };
}
