import * as z from 'zod/mini';
import { orderFields } from '../exchange/order-fields.ts';
import { statuses, watchOrigins } from '../snapshots/statuses.ts';

/** The shape of the events sent now: raised when a consumer of the old shape would misread the new one. */
export const eventSchema = 1;

/** What every event has in its `detail`. Times are ISO 8601, UTC. */
const common = {
  schema: z.literal(eventSchema),
  /** The same for the same transition, however often it is sent: for consumers that must not count it twice. */
  id: z.string(),
  account: z.string(),
  order_id: z.string(),
};

/** The order reached a state that ranks above all that were known before. */
export const OrderStateChanged = z.strictObject({
  ...common,
  /** Sorts the events of one order, however they arrive. */
  rank: z.string(),
  /** The state before, without its `details`; `null` for the first one. */
  from: z.nullable(z.strictObject({ rank: z.string(), ...orderFields })),
  to: z.strictObject({ ...orderFields, details: z.optional(z.record(z.string(), z.unknown())) }),
  /** The order never leaves this state. */
  final: z.boolean(),
  /** The order was triggered: the exchange created another order from it, whose id it does not report. */
  successor_unknown: z.optional(z.literal(true)),
  /** `to.details` would have made the event too large; GET the order to see them. */
  details_omitted: z.optional(z.literal(true)),
  first_observed_at: z.string(),
  /** The exchange's clock when it replied, if the reply says. */
  exchange_time: z.optional(z.string()),
});
export type OrderStateChanged = z.infer<typeof OrderStateChanged>;

/** What happened to the watch of the order. All events of the watch have this one shape. */
export const WatchChanged = z.strictObject({
  ...common,
  /** Sorts the events of one watch, however they arrive. */
  revision: z.number(),
  from: z.nullable(z.enum(statuses)),
  to: z.enum(statuses),
  changed_at: z.string(),
  /** When the latest reply that showed the order was requested; absent when none ever did. */
  checked_at: z.optional(z.string()),
  /** The rank of the last state known; absent when there is none. */
  rank: z.optional(z.string()),
  /** Only in `WatchStarted`: the account's list, a request about the order, or a person's command. */
  started_by: z.optional(z.enum(watchOrigins)),
  /** Who gave the latest watch command, and when. */
  operator: z.optional(z.strictObject({ by: z.string(), at: z.string() })),
});
export type WatchChanged = z.infer<typeof WatchChanged>;

/** The schema of each event's `detail`, by its `detail-type`. */
export const eventSchemas = {
  OrderStateChanged,
  OrderMissing: WatchChanged,
  OrderFound: WatchChanged,
  OrderStateUnknown: WatchChanged,
  OrderInconsistent: WatchChanged,
  OrderConsistent: WatchChanged,
  WatchStarted: WatchChanged,
  WatchStopped: WatchChanged,
} as const;

export type EventName = keyof typeof eventSchemas;
export type WatchEventName = Exclude<EventName, 'OrderStateChanged'>;
