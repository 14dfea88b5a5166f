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
 * | take the lease          | UpdateItem if it is absent, the owner's, or expired; returns the item |
 * | renew the lease         | UpdateItem if it is the owner's; sets listed_at (if not earlier),     |
 * |                         | list_trust and sweep; returns the item                                |
 * | release the lease       | UpdateItem if it is the owner's; sets sweep                           |
 * | pause, resume           | UpdateItem if the stored command is an earlier one                    |
 * | start a watch           | UpdateItem watch_requested_at; returns the item                       |
 *
 * An order's pk is `account#orderId`, and account names have no `#`, so the two cannot collide.
 */
import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import * as z from 'zod/mini';
import { BOOL, type Item, N, number, readItem, S } from '../dynamo.ts';
import {
  type AccountState,
  breakerPhases,
  type Lease,
  type ListTrust,
  type Pause,
  type SweepSummary,
} from './table.ts';

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

export function listTrustValue({ trusted, since, reason, failures, nextAt }: ListTrust): AttributeValue {
  return {
    M: {
      trusted: { BOOL: trusted },
      since: number(since),
      failures: number(failures),
      ...(reason !== undefined && { reason: { S: reason } }),
      ...(nextAt !== undefined && { next_at: number(nextAt) }),
    },
  };
}

export function summaryValue({ at, overCapacity, breaker, ...counts }: SweepSummary): AttributeValue {
  const { phase, reason, since } = breaker;
  return {
    M: {
      at: number(at),
      open: number(counts.open),
      covered: number(counts.covered),
      missing: number(counts.missing),
      unknown: number(counts.unknown),
      inconsistent: number(counts.inconsistent),
      over_capacity: { BOOL: overCapacity },
      breaker: {
        M: {
          phase: { S: phase },
          ...(reason !== undefined && { reason: { S: reason } }),
          ...(since !== undefined && { since: number(since) }),
        },
      },
    },
  };
}

const AccountItem = z.object({
  schema: z.object({ N: z.literal(schema.N) }),
  tat: z.optional(N),
  lease: z.optional(z.object({ M: z.object({ owner: S, expires_at: N }) })),
  handover_requested_by: z.optional(S),
  listed_at: z.optional(N),
  listed_orders: z.optional(N),
  orders_read_at: z.optional(N),
  list_trust: z.optional(
    z.object({
      M: z.object({ trusted: BOOL, since: N, failures: N, reason: z.optional(S), next_at: z.optional(N) }),
    }),
  ),
  sweep: z.optional(
    z.object({
      M: z.object({
        at: N,
        open: N,
        covered: N,
        missing: N,
        unknown: N,
        inconsistent: N,
        over_capacity: BOOL,
        breaker: z.object({
          M: z.object({ phase: z.pipe(S, z.enum(breakerPhases)), reason: z.optional(S), since: z.optional(N) }),
        }),
      }),
    }),
  ),
  pause: z.optional(z.object({ M: z.object({ paused: BOOL, by: S, at: N, expires_at: z.optional(N) }) })),
});

/** Reads the account's item, which may not exist yet. Throws `store_corrupt`. */
export function readAccountItem(item: Item | undefined): AccountState {
  if (item === undefined) return { tat: 0 };
  const stored = readItem(AccountItem, item);
  const { tat = 0, lease, handover_requested_by: handoverRequestedBy, pause, list_trust, sweep } = stored;
  const { listed_at: at, listed_orders: orders = 0, orders_read_at: ordersReadAt } = stored;
  return {
    tat,
    lease: lease && { owner: lease.M.owner, until: lease.M.expires_at },
    handoverRequestedBy,
    listed: at === undefined || ordersReadAt === undefined ? undefined : { at, orders, ordersReadAt },
    listTrust: list_trust && readListTrust(list_trust.M),
    summary: sweep && readSummary(sweep.M),
    pause: pause && readPause(pause.M),
  };
}

type Stored = z.output<typeof AccountItem>;
type Members<Name extends 'pause' | 'list_trust' | 'sweep'> = NonNullable<Stored[Name]>['M'];

function readPause({ paused, by, at, expires_at: until }: Members<'pause'>): Pause {
  return { paused, by, at, until };
}

function readListTrust({ next_at: nextAt, reason, ...trust }: Members<'list_trust'>): ListTrust {
  return { ...trust, reason, nextAt };
}

function readSummary({ over_capacity: overCapacity, breaker, ...counts }: Members<'sweep'>): SweepSummary {
  return { ...counts, overCapacity, breaker: breaker.M };
}
