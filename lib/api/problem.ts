import type { Failure } from '../errors.ts';
import type { Problem } from './responses.ts';

/** What a caller may know about a failure. */
export function problemOf(failure: Failure): Omit<Problem, 'instance' | 'request_id'> {
  const { spec, code, message, exchangeCode, members } = failure;
  return {
    type: `urn:order-state-snapshots:${code}`,
    title: spec.title,
    status: spec.status,
    detail:
      spec.status === 500 ? 'Something failed on our side; the log has the details under this request id.' : message,
    code,
    ...(exchangeCode !== undefined && spec.status !== 500 && { exchange_code: exchangeCode }),
    ...members,
  };
}
