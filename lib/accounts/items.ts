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
import { attributesOf, BOOL, enumOf, type Item, M, N, number, S, schemaOf } from '../dynamo.ts';
import {
  type AccountState,
  breakerPhases,
  type Lease,
  type ListTrust,
  type Pause,
  type SweepSummary,
} from './table.ts';

/** The current schema of the item; readers reject any other. */
export const accountSchema = { N: '1' } as const;

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

const ofSchema = schemaOf(accountSchema.N);

const lease = M<Lease>(({ get }) => ({ owner: get('owner', S), until: get('expires_at', N) }));

const pause = M<Pause>(({ get, find }) => ({
  paused: get('paused', BOOL),
  by: get('by', S),
  at: get('at', N),
  until: find('expires_at', N),
}));

const listTrust = M<ListTrust>(({ get, find }) => ({
  trusted: get('trusted', BOOL),
  since: get('since', N),
  failures: get('failures', N),
  reason: find('reason', S),
  nextAt: find('next_at', N),
}));

const breakerPhase = enumOf(breakerPhases);
const breaker = M<SweepSummary['breaker']>(({ get, find }) => ({
  phase: get('phase', breakerPhase),
  reason: find('reason', S),
  since: find('since', N),
}));

const summary = M<SweepSummary>(({ get }) => ({
  at: get('at', N),
  open: get('open', N),
  covered: get('covered', N),
  missing: get('missing', N),
  unknown: get('unknown', N),
  inconsistent: get('inconsistent', N),
  overCapacity: get('over_capacity', BOOL),
  breaker: get('breaker', breaker),
}));

/** Reads the account's item, which may not exist yet. Throws `store_corrupt`. */
export function readAccountItem(item: Item | undefined): AccountState {
  if (item === undefined) return { tat: 0 };
  const { get, find } = attributesOf(item);
  get('schema', ofSchema);
  const at = find('listed_at', N);
  const orders = find('listed_orders', N) ?? 0;
  const ordersReadAt = find('orders_read_at', N);
  return {
    tat: find('tat', N) ?? 0,
    lease: find('lease', lease),
    handoverRequestedBy: find('handover_requested_by', S),
    listed: at === undefined || ordersReadAt === undefined ? undefined : { at, orders, ordersReadAt },
    listTrust: find('list_trust', listTrust),
    summary: find('sweep', summary),
    pause: find('pause', pause),
  };
}
