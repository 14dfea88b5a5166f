import { asFailure, type Code, Failure } from '../errors.ts';

const ofAnOrder: ReadonlySet<Code> = new Set(['order_not_found', 'invalid_order_id', 'not_owner']);

/** The failure says something about the order that was requested. */
export function isOfAnOrder({ code }: Failure): boolean {
  return ofAnOrder.has(code);
}

/**
 * For calls that ask for no order in particular: an error that elsewhere would speak of one must not count as evidence.
 * Throws whatever was thrown, as a `Failure` that says nothing of an order.
 */
export function notOfAnOrder(thrown: unknown): never {
  const failure = asFailure(thrown);
  if (!isOfAnOrder(failure)) throw failure;
  throw new Failure('exchange_error', failure.message, { exchangeCode: failure.exchangeCode });
}
