import { createHash } from 'node:crypto';
import { LosslessNumber } from 'lossless-json';
import { canonicalJson, type Json } from '../exchange/json.ts';
import { fieldsOf, type Order, type Phase, phaseOf, type Quantity } from '../exchange/order.ts';

/**
 * One total order over everything that an exchange ever says of an order, as a string that sorts: the greatest rank is
 * the current state, whatever the order in which replies arrive.
 *
 *     last_update_timestamp . version . phase . filled amount . digest
 *     1597129894026.0000000001.2.000000000000000000.000000000000000000.8e5b…
 */
export type Rank = string;

const phaseDigits: Readonly<Record<Phase, string>> = { live: '0', unknown: '1', final: '2' };
const phaseOffset = '1597129894026.0000000001.'.length;

export const rankPattern = /^\d{13}\.\d{10}\.[012]\.\d{18}\.\d{18}\.[0-9a-f]{32}$/;

/** Places before and after the point; DynamoDB's own numbers hold 38 digits in all. */
const places = 18;

export function rankOf(order: Order, volatile: readonly string[]): Rank {
  return [
    String(order.last_update_timestamp).padStart(13, '0'),
    String(order.version ?? 0).padStart(10, '0'),
    phaseDigits[phaseOf(order)],
    fixedWidth(order.filled_amount ?? '0'),
    digestOf(order, volatile),
  ].join('.');
}

export function phaseOfRank(rank: Rank): Phase {
  const digit = rank[phaseOffset];
  if (digit === phaseDigits.final) return 'final';
  return digit === phaseDigits.live ? 'live' : 'unknown';
}

/** The exchange's last_update_timestamp, milliseconds since the Unix epoch. */
export function updatedAtOfRank(rank: Rank): number {
  return Number(rank.slice(0, 13));
}

/**
 * The rank without its digest. Where it is equal, the exchange itself does not say which state is newer: a trailing
 * stop moves its trigger price and no timestamp. The digest then gives the table one order, whatever the order of
 * arrival; but the reply that was requested last is no older state, and is the one to believe.
 */
export function rankWithoutDigest(rank: Rank): string {
  return rank.slice(0, rank.lastIndexOf('.'));
}

/** Equal digests are an unchanged order. */
export function digestOfRank(rank: Rank): string {
  return rank.slice(rank.lastIndexOf('.') + 1);
}

/** 128 bits over the order without its volatile fields and without the envelope. */
function digestOf(order: Order, volatile: readonly string[]): string {
  const fields = fieldsOf(order).map(([field, value]): [string, Json] => [
    field,
    typeof value === 'number' ? new LosslessNumber(String(value)) : value,
  ]);
  const content = canonicalJson({
    version: null,
    ...Object.fromEntries(fields),
    details: Object.fromEntries(Object.entries(order.details).filter(([field]) => !volatile.includes(field))),
  });
  return createHash('sha256').update(content).digest('hex').slice(0, 32);
}

/**
 * A non-negative decimal as text that sorts like the number. Beyond its places it saturates or truncates, and the
 * digest decides; negative amounts and `market_price`, which no fill can be, sort as zero.
 */
function fixedWidth(quantity: Quantity): string {
  const [, whole = '', fraction = '', exponent = '0'] = /^\+?(\d*)\.?(\d*)(?:[eE]([+-]?\d+))?$/.exec(quantity) ?? [];
  const digits = whole + fraction;
  const point = whole.length + Number(exponent);
  const integer = (point > 0 ? digits.slice(0, point).padEnd(point, '0') : '').replace(/^0+/, '');
  const rest = point > 0 ? digits.slice(point) : digits.padStart(digits.length - point, '0');
  if (integer.length > places) return `${'9'.repeat(places)}.${'9'.repeat(places)}`;
  return `${integer.padStart(places, '0')}.${rest.slice(0, places).padEnd(places, '0')}`;
}
