import { isLosslessNumber } from 'lossless-json';
import * as z from 'zod/mini';
import { dialects } from '../exchange/dialects/index.ts';
import { historyOutcomes } from '../exchange/history-outcomes.ts';
import { orderFields } from '../exchange/order-fields.ts';
import { auditKinds, listNames, statuses } from '../snapshots/statuses.ts';
import { define } from './define.ts';

/*
 * What responses consist of. Every response passes through its schema, so that only what is declared here leaves; the
 * OpenAPI document describes the same schemas, and the typed client reads responses with them. Times are
 * ISO 8601 in UTC; quantities are decimal strings, digit for digit as the exchange wrote them.
 */

/** A number, also where a parser that keeps every digit has wrapped it. */
export const int = /* @__PURE__ */ define(() =>
  z.pipe(
    z.transform((value: unknown) => (isLosslessNumber(value) ? Number(value.value) : value)),
    z.int(),
  ),
);
export const text = /* @__PURE__ */ define(() => z.string());
export const time = /* @__PURE__ */ define(() => z.iso.datetime({ precision: 3 }));

export const Order = /* @__PURE__ */ define(() =>
  z
    .object({
      ...orderFields,
      details: z
        .record(text, z.unknown())
        .check(
          z.describe(
            'Everything else that the exchange sent about the order, and values of the fields above that could not be parsed; digit for digit.',
          ),
        ),
    })
    .check(z.describe('An order as the exchange reported it, its fields in one canonical form.')),
);

const rank = /* @__PURE__ */ define(() =>
  text.check(z.describe('Sorts the states of an order: the one with the greatest rank is current.')),
);

export const CheckedOrder = /* @__PURE__ */ define(() =>
  z.object({
    account: text,
    order: Order,
    rank,
    final: z.boolean().check(z.describe('The order can never leave this state.')),
    watched: z.boolean().check(z.describe('Scheduled checks of the order go on.')),
    source: z
      .enum(['exchange', 'snapshot'])
      .check(
        z.describe('exchange: the exchange was called for this response. snapshot: the state comes from the table.'),
      ),
    changed: z.boolean().check(z.describe('This check found a state that was not in the table yet.')),
    first_observed_at: time.check(z.describe('When we first saw this state.')),
    checked_at: time.check(z.describe("When the exchange's latest reply was requested.")),
    age_seconds: int.check(z.describe('How many seconds ago that was, rounded up.')),
    exchange_time: z.optional(time.check(z.describe("The exchange's clock when it replied, if the reply says."))),
  }),
);
/** What we know of an order. */
export type CheckedOrder = z.output<typeof CheckedOrder>;

export const Change = /* @__PURE__ */ define(() =>
  z.object({
    field: text.check(z.describe('Such as filled_amount, or details.label.')),
    from: z.optional(z.unknown().check(z.describe('Absent if the field was absent before.'))),
    to: z.optional(z.unknown().check(z.describe('Absent if the field is absent now.'))),
  }),
);
export type Change = z.output<typeof Change>;

export const SnapshotRow = /* @__PURE__ */ define(() =>
  z.object({
    rank,
    digest: text.check(z.describe('Equal digests mean an unchanged order.')),
    order: Order,
    final: z.boolean(),
    requested_at: time.check(z.describe('When the exchange was called.')),
    first_observed_at: time.check(z.describe('When we first saw this state.')),
    exchange_time: z.optional(time.check(z.describe("The exchange's clock when it replied, if the reply says."))),
    request_id: text.check(z.describe('The id of the request that first observed this state, as in the logs.')),
    observed_by: text.check(z.describe('The function that checked the order, or `list` or `history`.')),
    key_version: text.check(z.describe('The version of the secret whose key the exchange accepted.')),
    changes: z
      .array(Change)
      .check(
        z.describe(
          'Field by field, compared with the previous snapshot (with believed_at: the previous one that had been observed by then); empty for the oldest snapshot. A detail that the exchange leaves out of lists does not change by that.',
        ),
      ),
  }),
);
export type SnapshotRow = z.output<typeof SnapshotRow>;

export const AuditEntry = /* @__PURE__ */ define(() =>
  z.object({
    kind: z.enum(auditKinds),
    at: time,
    request_id: text,
    observed_by: z.optional(
      text.check(z.describe('The function that checked or looked up; absent for watch commands.')),
    ),
    by: z.optional(text.check(z.describe('The caller, as identified by the gateway.'))),
    attempts: z.optional(
      z
        .array(z.object({ source: text, outcome: z.enum(historyOutcomes), rows: int, code: z.optional(text) }))
        .check(z.describe("For history_lookup: the exchange's histories that were searched, in order.")),
    ),
  }),
);
export type AuditEntry = z.output<typeof AuditEntry>;

export const History = /* @__PURE__ */ define(() =>
  z.object({
    account: text,
    order_id: text,
    snapshots: z.array(SnapshotRow).check(z.describe('By exchange time, newest first.')),
    audit_entries: z.optional(
      z
        .array(AuditEntry)
        .check(
          z.describe(
            'With believed_at: the latest not-found replies, history lookups and watch commands up to that time, newest first, at most 100.',
          ),
        ),
    ),
    cursor: z.optional(text.check(z.describe('For the next page; absent on the last one.'))),
  }),
);
export type History = z.output<typeof History>;

export const ListedOrder = /* @__PURE__ */ define(() =>
  z.object({
    order_id: text,
    status: z.enum(statuses),
    order_state: z.optional(
      z
        .string()
        .check(
          z.describe('The last known state, like the fields that follow; absent if the order was never observed.'),
        ),
    ),
    instrument_name: z.optional(text),
    direction: z.optional(text),
    order_type: z.optional(text),
    price: z.optional(text),
    amount: z.optional(text),
    filled_amount: z.optional(text),
    average_price: z.optional(text),
    last_update_timestamp: z.optional(
      int.check(z.describe("Milliseconds since the Unix epoch, by the exchange's clock.")),
    ),
    due_at: z.optional(
      time.check(
        z.describe(
          'When its next individual check is due, and the lookup of a missing order. Absent for final orders.',
        ),
      ),
    ),
    closed_at: z.optional(time.check(z.describe("When a final order closed, by the exchange's clock."))),
    opened_at: time.check(z.describe('When the order became known to this record.')),
    checked_at: z.optional(
      time.check(z.describe('When a check or a list last confirmed it; absent if none ever did.')),
    ),
    age_seconds: z.optional(int.check(z.describe('How many seconds ago that was, rounded up.'))),
    looked_up_at: z.optional(
      time.check(z.describe("When the exchange's histories were last searched for a missing order.")),
    ),
  }),
);
export type ListedOrder = z.output<typeof ListedOrder>;

export const OrderList = /* @__PURE__ */ define(() =>
  z.object({
    account: text,
    state: z.enum(listNames),
    orders: z.array(ListedOrder),
    cursor: z.optional(text.check(z.describe('For the next page; absent on the last one.'))),
  }),
);
export type OrderList = z.output<typeof OrderList>;

/** RFC 9457. */
export const Problem = /* @__PURE__ */ define(() =>
  z.object({
    type: text,
    title: text,
    status: int,
    detail: text.check(z.describe('What is wrong and what to do about it, for people.')),
    code: text.check(z.describe('The error code, for programs; the README lists all of them.')),
    instance: text,
    request_id: text.check(z.describe('Also in the log.')),
    parameters: z.optional(z.array(text).check(z.describe('The parameters that are wrong.'))),
    exchange_code: z.optional(int.check(z.describe("The exchange's own number for the error."))),
    last_known: z.optional(
      CheckedOrder.check(
        z.describe(
          'The last snapshot of an order that the exchange no longer finds: the order is missing, not closed.',
        ),
      ),
    ),
    looked_up_at: z.optional(
      time.check(
        z.describe("When the exchange's histories were last searched for the missing order, without success."),
      ),
    ),
    next_look_at: z.optional(
      time.check(z.describe('When they are searched next, with the next check; absent before the first search.')),
    ),
  }),
);
export type Problem = z.output<typeof Problem>;

export const GatewayError = /* @__PURE__ */ define(() =>
  z.object({ message: text }).check(z.describe('An error of the gateway itself, not of a function.')),
);

const orderId = { order_id: text };
export const Outcome = /* @__PURE__ */ define(() =>
  z.discriminatedUnion('outcome', [
    z.object({ ...orderId, outcome: z.literal('checked'), checked: CheckedOrder }),
    z.object({
      ...orderId,
      outcome: z.literal('failed'),
      problem: z.omit(Problem, { instance: true, request_id: true }),
    }),
    z.object({
      ...orderId,
      outcome: z.literal('not_tried'),
      retry_after_seconds: int.check(z.describe('The order was not checked; try again after this many seconds.')),
    }),
  ]),
);
export type Outcome = z.output<typeof Outcome>;

export const CheckedOrders = /* @__PURE__ */ define(() =>
  z.object({
    account: text,
    outcomes: z.array(Outcome).check(z.describe('One for each order id, in the order of the request.')),
  }),
);
export type CheckedOrders = z.output<typeof CheckedOrders>;

export const ChangedWatch = /* @__PURE__ */ define(() =>
  z.object({
    account: text,
    order_id: text,
    watched: z.boolean(),
    status: z.enum(statuses),
    over_capacity: z.optional(
      z
        .literal(true)
        .check(
          z.describe(
            'More orders are watched than can be checked in time; only in responses to requests that start a watch.',
          ),
        ),
    ),
  }),
);
export type ChangedWatch = z.output<typeof ChangedWatch>;

const units = /* @__PURE__ */ define(() =>
  Object.values(dialects)
    .map(({ name, unitsPerMs }) => `${unitsPerMs === 1 ? 'milliseconds' : 'microseconds'} of ${name}`)
    .join(', '),
);
const exchangeTime = /* @__PURE__ */ define(() => int.check(z.describe(`In the exchange's own unit: ${units}.`)));
/** The envelope that the exchange itself would send; `result` is its own text, verbatim. */
export const JsonRpcResponse = /* @__PURE__ */ define(() =>
  z.object({
    id: z.optional(z.unknown().check(z.describe('The id of the request; absent for a GET.'))),
    jsonrpc: z.literal('2.0'),
    usIn: exchangeTime,
    usOut: exchangeTime,
    usDiff: exchangeTime,
    result: z.optional(z.record(text, z.unknown()).check(z.describe('The order, exactly as the exchange sent it.'))),
    error: z.optional(
      z.object({
        code: int.check(z.describe("The exchange's own error number, if it returned one.")),
        message: text,
        data: z.optional(
          z.object({
            code: text.check(z.describe('Our own error code.')),
            reason: text.check(z.describe('The reason, for people.')),
            param: z.optional(text.check(z.describe('The parameter that is wrong.'))),
            wait: z.optional(z.number().check(z.describe('Seconds to wait before trying again.'))),
          }),
        ),
      }),
    ),
  }),
);
export type JsonRpcResponse = z.output<typeof JsonRpcResponse>;
