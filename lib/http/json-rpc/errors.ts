import { problemOf } from '../../api/presenters.ts';
import type { JsonRpcResponse } from '../../api/responses.ts';
import { type Code, type Failure, retryAfterSeconds } from '../../errors.ts';

/** An error as JSON-RPC and the exchanges number and name it. */
export type RpcError = { readonly code: number; readonly message: string };

export const parseError: RpcError = { code: -32700, message: 'Parse error' };
export const invalidRequest: RpcError = { code: -32600, message: 'Invalid request' };
export const methodNotFound: RpcError = { code: -32601, message: 'Method not found' };
const invalidParams: RpcError = { code: -32602, message: 'Invalid params' };
const internalError: RpcError = { code: -32603, message: 'Internal error' };
const invalidCredentials: RpcError = { code: 13004, message: 'invalid_credentials' };
const forbidden: RpcError = { code: 13021, message: 'forbidden' };
const tooManyRequests: RpcError = { code: 10028, message: 'too_many_requests' };
/** The exchanges' own error for a call that can simply be sent again. */
const retry: RpcError = { code: 10040, message: 'retry' };

/** The exchange error that stands for each of our codes. */
const rpcErrors = {
  bad_request: invalidParams,
  unknown_account: forbidden,
  account_forbidden: forbidden,
  invalid_order_id: { code: 10025, message: 'invalid_order_id' },
  order_not_found: { code: 10004, message: 'order_not_found' },
  not_owner: { code: 10029, message: 'not_owner_of_order' },
  unauthorized: invalidCredentials,
  key_refused: invalidCredentials,
  forbidden,
  account_locked: { code: 11098, message: 'account_locked' },
  secret_empty: retry,
  secret_malformed: retry,
  secret_unavailable: retry,
  throttled: tooManyRequests,
  rate_limited_locally: tooManyRequests,
  busy: retry,
  maintenance: { code: 11051, message: 'system_maintenance' },
  unreachable: retry,
  connection_lost: retry,
  timeout: retry,
  invalid_response: retry,
  exchange_error: retry,
  request_rejected: internalError,
  store_unavailable: retry,
  store_conflict: retry,
  store_corrupt: internalError,
  internal: internalError,
} as const satisfies Readonly<Record<Code, RpcError>>;

/** The exchange's own number where it gave one; the reason is the detail of a problem. */
export function writeError(
  failure: Failure,
  { code, message }: RpcError = rpcErrors[failure.code],
): NonNullable<JsonRpcResponse['error']> {
  const { exchange_code = code, detail, parameters: [param] = [] } = problemOf(failure);
  const wait = retryAfterSeconds(failure);
  return {
    code: exchange_code,
    message,
    data: {
      code: failure.code,
      reason: detail,
      param,
      wait,
    },
  };
}
