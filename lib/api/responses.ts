import { isLosslessNumber } from 'lossless-json';
import * as z from 'zod/mini';
import { dialects } from '../exchange/dialects/index.ts';
import { orderFields } from '../exchange/order-fields.ts';
import { auditKinds, listNames, lookupOutcomes, statuses } from '../snapshots/statuses.ts';
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
            'Whatever else the exchange wrote of the order, and fields above whose values cannot be read; every digit as it wrote it.',
          ),
        ),
    })
    .check(z.describe("An order in the exchange's own words, its fields in one canonical form.")),
);

const rank = /* @__PURE__ */ define(() =>
  text.check(z.describe('Orders the states of an order: the one with the greatest rank is in force.')),
);

export const CheckedOrder = /* @__PURE__ */ define(() =>
  z.object({
    account: text,
    order: Order,
    rank,
    final: z.boolean().check(z.describe("The order's state is one that it never leaves.")),
    watched: z.boolean().check(z.describe('The schedule keeps checking it.')),
    source: z
      .enum(['exchange', 'snapshot'])
      .check(z.describe('exchange: it has just confirmed this state. snapshot: the state comes from the table.')),
    changed: z.boolean().check(z.describe('This check found a state that was not in the table yet.')),
    first_observed_at: time.check(z.describe('When we first saw this state.')),
    checked_at: time.check(z.describe('When the exchange was called for its latest reply.')),
    age_seconds: int.check(z.describe('How many seconds ago that was, rounded up.')),
    exchange_time: z.optional(time.check(z.describe("The exchange's clock when it replied, if the reply says."))),
  }),
);
/** What we know of an order. */
export type CheckedOrder = z.output<typeof CheckedOrder>;

export const Change = /* @__PURE__ */ define(() =>
  z.object({
    field: text.check(z.describe('Such as filled_amount, or details.label.')),
    from: z.optional(z.unknown().check(z.describe('Absent when the field was absent before.'))),
    to: z.optional(z.unknown().check(z.describe('Absent when the field is absent now.'))),
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
    request_id: text.check(z.describe('The request that first observed it; it is in the logs, too.')),
    observed_by: text.check(
      z.describe('The function whose check showed it; `list` or `history` when a row of one did.'),
    ),
    key_version: text.check(z.describe('The version of the secret whose key the exchange accepted.')),
    changes: z
      .array(Change)
      .check(
        z.describe(
          'Field by field against the snapshot before, with believed_at against the one before that was observed by then too; empty for the oldest that is kept.',
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
      text.check(z.describe('The function whose check or lookup it was; not for watch commands.')),
    ),
    by: z.optional(text.check(z.describe('The caller, as the gateway identified them.'))),
    attempts: z.optional(
      z
        .array(z.object({ source: text, outcome: z.enum(lookupOutcomes), rows: int, code: z.optional(text) }))
        .check(z.describe("For history_lookup: the places of the exchange's histories that were searched, in order.")),
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
            'With believed_at: the latest not-found answers, history lookups and watch commands up to that moment, newest first, at most 100.',
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
        .check(z.describe('The order as it was last seen, with the fields that follow; absent when it never was.')),
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
        z.describe('When it is checked next by itself; of a missing order also looked up. Not for final orders.'),
      ),
    ),
    closed_at: z.optional(time.check(z.describe("When it closed, by the exchange's clock; for final orders."))),
    opened_at: time.check(z.describe('When it became known here.')),
    checked_at: z.optional(
      time.check(
        z.describe(
          'When the exchange last confirmed it, by itself or in a list of the account; absent when it never did.',
        ),
      ),
    ),
    age_seconds: z.optional(int.check(z.describe('How many seconds ago that was, rounded up.'))),
    looked_up_at: z.optional(
      time.check(z.describe("When the exchange's histories were last searched for an order that is missing.")),
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
    detail: text.check(z.describe('What is wrong and what to do, for a person.')),
    code: text.check(z.describe('For programs to decide by; the README lists all codes.')),
    instance: text,
    request_id: text.check(z.describe('It is in the log, too.')),
    parameters: z.optional(z.array(text).check(z.describe('The parameters that are wrong.'))),
    exchange_code: z.optional(int.check(z.describe("The exchange's own number for the error."))),
    last_known: z.optional(
      CheckedOrder.check(
        z.describe('The last snapshot of an order that the exchange does not find: missing, not closed.'),
      ),
    ),
    looked_up_at: z.optional(
      time.check(
        z.describe("When the exchange's histories were last searched for the missing order and did not have it."),
      ),
    ),
    next_look_at: z.optional(
      time.check(z.describe('When they are searched next, with the next check; absent before the first search.')),
    ),
  }),
);
export type Problem = z.output<typeof Problem>;

export const GatewayError = /* @__PURE__ */ define(() =>
  z.object({ message: text }).check(z.describe('An error of the gateway itself, without a response of the function.')),
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
            'More orders are on watch than can be checked in time; reported to the caller who starts another one.',
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
const exchangeTime = /* @__PURE__ */ define(() =>
  int.check(z.describe(`In the unit of the exchange itself: ${units}.`)),
);
/** The envelope that the exchange itself would send; `result` is its own text, verbatim. */
export const JsonRpcResponse = /* @__PURE__ */ define(() =>
  z.object({
    id: z.optional(z.unknown().check(z.describe('As in the request; absent for a GET.'))),
    jsonrpc: z.literal('2.0'),
    usIn: exchangeTime,
    usOut: exchangeTime,
    usDiff: exchangeTime,
    result: z.optional(z.record(text, z.unknown()).check(z.describe('The order, as the exchange wrote it.'))),
    error: z.optional(
      z.object({
        code: int.check(z.describe("The exchange's own number where it gave one.")),
        message: text,
        data: z.optional(
          z.object({
            code: text.check(z.describe('Our code of the failure.')),
            reason: text.check(z.describe('The reason, for a person.')),
            param: z.optional(text.check(z.describe('The parameter that is wrong.'))),
            wait: z.optional(z.number().check(z.describe('Seconds to wait before trying again.'))),
          }),
        ),
      }),
    ),
  }),
);
export type JsonRpcResponse = z.output<typeof JsonRpcResponse>;
