import * as z from 'zod/mini';
import { Failure } from '../errors.ts';
import type { DialectDefinition, KnownState } from './dialects/definition.ts';
import { type Json, type JsonObject, scalarText } from './json.ts';
import { isOrderField, maxTextLength, orderFields } from './order-fields.ts';

/** A quantity exactly as the wire wrote it, string or number: `"855"`, `"-0.5"`, `"1.6e-7"`, or `"market_price"`. */
export type Quantity = string;

const Fields = z.object(orderFields);

/**
 * An order as the specification names its fields. Id, state and last update time are always there; any other field is
 * absent where the exchange wrote none that can be read. `details` holds whatever else the exchange wrote, unreadable
 * fields included, digits exact.
 */
export type Order = z.output<typeof Fields> & { readonly details: JsonObject };

/** What a state means for us: only `final` ends a watch; `unknown` is never taken for either of the others. */
export type Phase = 'live' | 'unknown' | 'final';

const phaseOfState = {
  open: 'live',
  untriggered: 'live',
  filled: 'final',
  canceled: 'final',
  rejected: 'final',
  // Final for this id: the order that the trigger creates has its own id.
  triggered: 'final',
} as const satisfies Record<KnownState, Phase>;
const phases: ReadonlyMap<string, Phase> = new Map(Object.entries(phaseOfState));

/** How far an order's last update may be ahead of our clock when it is observed; milliseconds. */
export const maxAheadMs = 3_600_000;

/** An order id as any known exchange writes one; also the last path segment of our own routes. */
export const orderIdPattern = /^[A-Za-z0-9._-]{1,64}$/;

export function phaseOf({ order_state: state }: Pick<Order, 'order_state'>): Phase {
  // Deribit's trigger history gives the reason with the state: `rejected:reason`.
  if (state.startsWith('rejected:')) return 'final';
  return phases.get(state) ?? 'unknown';
}

/**
 * Reads the `result` of `get_order_state`. A missing or unreadable field does not make an order unreadable, except for
 * the three without which it says nothing. Throws `invalid_response` when id, state or last update time is one of them.
 */
export function readOrder(result: JsonObject, { states }: Pick<DialectDefinition, 'states'>): Order {
  const written = Object.entries(result).filter(([name, value]) => isOrderField(name) && !isNothing(value));
  const all = z.safeParse(Fields, Object.fromEntries(written));
  const refused = new Set(all.error?.issues.map(({ path: [field] }) => field));
  const { success, data, error } = all.success
    ? all
    : z.safeParse(Fields, Object.fromEntries(written.filter(([name]) => !refused.has(name))));
  if (!success) {
    const field = error.issues[0]?.path[0];
    const isLong = all.error?.issues.some(
      (issue) => issue.path[0] === field && issue.code === 'too_big' && issue.origin === 'string',
    );
    const reason = isLong ? `is longer than ${maxTextLength} characters` : 'is missing or cannot be read';
    throw unreadable(String(field), reason);
  }
  const details = Object.entries(result).filter(
    ([name, value]) => !isOrderField(name) || (refused.has(name) && !isNothing(value)),
  );
  const { order_state: state } = data;
  return {
    ...data,
    order_state: (Object.hasOwn(states, state) ? states[state] : undefined) ?? state,
    details: Object.fromEntries(details),
  };
}

/** The fields of an order that are there, without its `details`. */
export function fieldsOf({ details: _, ...fields }: Order): readonly (readonly [string, string | number])[] {
  return Object.entries(fields).flatMap(([name, value]) => (value === undefined ? [] : [[name, value] as const]));
}

/** How exchanges write that a field has no value. */
function isNothing(value: Json): boolean {
  return value === null || value === '';
}

/** More orders than an exchange lets one order make. A longer list is drift, and its rest is not watched. */
export const maxLinkedOrders = 8;

/** The orders that this one made or will make once it fills: they live on after it, under their own ids. */
export function linkedOrderIds({ details }: Order): readonly string[] {
  const linked = details['oto_order_ids'];
  const ids: readonly Json[] = Array.isArray(linked) ? linked : [];
  return ids
    .map((id) => scalarText(id) ?? '')
    .filter((id) => orderIdPattern.test(id))
    .slice(0, maxLinkedOrders);
}

/**
 * Refuses impossible times, so that no reply can outrank every later one forever. Throws `invalid_response` for an
 * order updated over an hour ahead of `now`.
 */
export function refuseImplausibleTimes({ last_update_timestamp: updated }: Order, now: number): void {
  if (updated > now + maxAheadMs) throw unreadable('last_update_timestamp', 'is more than an hour ahead of our clock');
}

function unreadable(field: string, reason: string): Failure {
  return new Failure('invalid_response', `The exchange returned an order whose ${field} ${reason}.`);
}
