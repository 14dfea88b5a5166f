import * as fc from 'fast-check';
import { orangex } from '../../../lib/exchange/dialects/orangex.ts';
import { type Observation, type OrderKey, orderIn } from '../../../lib/snapshots/snapshot.ts';

/** 2026-01-01, the start of every scenario. */
export const start = Date.UTC(2026, 0, 1);

export type ReplyFields = {
  /** What the exchange said. */
  readonly state: string;
  readonly updatedAfter: number;
  readonly version: number;
  readonly filled: string;
  readonly label: string;
  /** A volatile field. */
  readonly rpl: string;
  /** When the request was sent, and how long it took; milliseconds. */
  readonly requestedAfter: number;
  readonly took: number;
  readonly request: number;
};

/** Few values of each kind, so that scenarios are full of ties, repeats and contradictions. */
export const anyReply: fc.Arbitrary<ReplyFields> = fc.record({
  state: fc.constantFrom('open', 'open', 'filled', 'canceled', 'cancelled', 'triggered', 'paused'),
  updatedAfter: fc.constantFrom(0, 1, 2, 5_000),
  version: fc.constantFrom(0, 1, 2),
  filled: fc.constantFrom('0', '0.5', '1', '1e0', '10'),
  label: fc.constantFrom('', 'a'),
  rpl: fc.constantFrom('0', '1.5'),
  requestedAfter: fc.integer({ min: 0, max: 60_000 }),
  took: fc.integer({ min: 1, max: 5_000 }),
  request: fc.integer({ min: 1, max: 3 }),
});

/** An order just placed, and nothing of note about the reply. */
export const opened: ReplyFields = {
  state: 'open',
  updatedAfter: 0,
  version: 1,
  filled: '0',
  label: '',
  rpl: '0',
  requestedAfter: 0,
  took: 50,
  request: 1,
};

export function observationOf(key: OrderKey, reply: ReplyFields): Observation {
  const requestedAt = start + 10_000 + reply.requestedAfter;
  const result = `{"order_id":"${key.orderId}","order_state":"${reply.state}","amount":10,"price":855.10,
    "filled_amount":${JSON.stringify(reply.filled)},"version":${reply.version},"direction":"buy","order_type":"limit",
    "instrument_name":"BTC-PERPETUAL","time_in_force":"good_til_cancelled","creation_timestamp":${start},
    "last_update_timestamp":${start + reply.updatedAfter},"custom_order_id":"${reply.label}","rpl":"${reply.rpl}"}`;
  return {
    ...key,
    dialect: orangex,
    result,
    order: orderIn(result, orangex),
    provenance: {
      requestedAt,
      firstObservedAt: requestedAt + reply.took,
      // One request, one reply: equal ids are the same reply recorded twice.
      requestId: `${reply.request} ${JSON.stringify(reply)}`,
      observedBy: 'get-order',
      keyVersion: 'v1',
    },
  };
}
