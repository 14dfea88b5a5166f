import { asFailure, type Code, Failure } from '../errors.ts';

const ofAnOrder: ReadonlySet<Code> = new Set(['order_not_found', 'invalid_order_id', 'not_owner']);

/**
 * For calls that ask for no order in particular: an error that elsewhere would speak of one must not count as evidence.
 * Throws whatever was thrown, as a `Failure` that says nothing of an order.
 */
export function notOfAnOrder(thrown: unknown): never {
  const failure = asFailure(thrown);
  if (!ofAnOrder.has(failure.code)) throw failure;
  throw new Failure('exchange_error', failure.message, { exchangeCode: failure.exchangeCode });
}
