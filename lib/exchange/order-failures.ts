import { asFailure, type Code, Failure } from '../errors.ts';

const orderCodes: ReadonlySet<Code> = new Set(['order_not_found', 'invalid_order_id', 'not_owner']);

/** The failure says something about the order that was requested. */
export function isOrderFailure({ code }: Failure): boolean {
  return orderCodes.has(code);
}

/**
 * For calls about no order in particular: an error that elsewhere would be about one must not count as evidence.
 * Throws whatever was thrown, as a `Failure` that says nothing of an order.
 */
export function rethrowAsAccountFailure(thrown: unknown): never {
  const failure = asFailure(thrown);
  if (!isOrderFailure(failure)) throw failure;
  throw new Failure('exchange_error', failure.message, { exchangeCode: failure.exchangeCode });
}
