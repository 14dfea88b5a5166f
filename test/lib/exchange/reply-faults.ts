import type { Code } from '../../../lib/errors.ts';
import { dialects } from '../../../lib/exchange/dialects/index.ts';
import type { Fault } from '../../emulator/exchange/faults.ts';
import { seedId } from '../../emulator/exchange/seed-order.ts';

/** In replies that must not be quoted. */
export const canarySecret = 'canary-secret-0d5f';

/** The exchange's fault, on every request, and the code that the call fails with. */
const connectionFaults: readonly (readonly [Fault, Code])[] = [
  [{ kind: 'hang' }, 'timeout'],
  [{ kind: 'delay', ms: 5_000 }, 'timeout'],
  [{ kind: 'slowBody', everyMs: 100 }, 'timeout'],
  [{ kind: 'drop' }, 'unreachable'],
  [{ kind: 'drop', reset: true }, 'unreachable'],
  [{ kind: 'dropAfterHeaders' }, 'invalid_response'],
  [{ kind: 'truncate', framing: 'length' }, 'invalid_response'],
  [{ kind: 'truncate', framing: 'chunked' }, 'invalid_response'],
  [{ kind: 'truncate', framing: 'short' }, 'invalid_response'],
];
const httpFaults: readonly (readonly [Fault, Code])[] = [
  [{ kind: 'html' }, 'busy'],
  [{ kind: 'html', status: 200 }, 'invalid_response'],
  [{ kind: 'html', status: 403 }, 'invalid_response'],
  [{ kind: 'empty' }, 'invalid_response'],
  [{ kind: 'empty', status: 503 }, 'busy'],
  [{ kind: 'status', status: 429 }, 'throttled'],
  [{ kind: 'status', status: 429, retryAfter: 60 }, 'throttled'],
  [{ kind: 'status', status: 500 }, 'busy'],
  [{ kind: 'status', status: 504, retryAfter: 'Fri, 31 Dec 2027 23:59:59 GMT' }, 'busy'],
  [{ kind: 'status', status: 401, body: canarySecret }, 'invalid_response'],
  [{ kind: 'status', status: 404 }, 'invalid_response'],
  [{ kind: 'redirect', location: 'http://127.0.0.1:1/' }, 'invalid_response'],
  [{ kind: 'redirect', location: '/elsewhere', status: 307 }, 'invalid_response'],
  [{ kind: 'oversized', bytes: 300_000 }, 'invalid_response'],
  [{ kind: 'gzip', bytes: 2_000_000 }, 'invalid_response'],
];
const rpcFaults: readonly (readonly [Fault, Code])[] = [
  [{ kind: 'throttle', wait: 2 }, 'throttled'],
  [{ kind: 'throttle', wait: 2, httpStatus: 429 }, 'throttled'],
  [{ kind: 'error', code: -32_000, httpStatus: 429 }, 'throttled'],
  [{ kind: 'error', code: 424_242, message: canarySecret, data: { reason: canarySecret } }, 'exchange_error'],
  [{ kind: 'error', code: 10_040, withId: false, httpStatus: 503 }, 'busy'],
  [{ kind: 'wrongId' }, 'invalid_response'],
  [{ kind: 'noId' }, 'invalid_response'],
  [{ kind: 'nullId' }, 'invalid_response'],
  [{ kind: 'noJsonrpc' }, 'invalid_response'],
  [{ kind: 'bothResultAndError' }, 'invalid_response'],
  [{ kind: 'neither' }, 'invalid_response'],
  [{ kind: 'result', text: 'null' }, 'invalid_response'],
  [{ kind: 'result', text: '[]' }, 'invalid_response'],
  [{ kind: 'result', text: '{}' }, 'invalid_response'],
  [{ kind: 'result', text: `"${canarySecret}"` }, 'invalid_response'],
  [{ kind: 'raw', body: `{"token":"${canarySecret}"` }, 'invalid_response'],
  [{ kind: 'raw', body: '[]' }, 'invalid_response'],
  [{ kind: 'deep' }, 'invalid_response'],
  [{ kind: 'invalidUtf8' }, 'invalid_response'],
];
const orderFaults: readonly (readonly [Fault, Code])[] = [
  [{ kind: 'otherOrder' }, 'invalid_response'],
  [{ kind: 'duplicateKeys' }, 'invalid_response'],
  [{ kind: 'result', text: `{"order_id":["${seedId}"]}` }, 'invalid_response'],
  [{ kind: 'error', code: 10_004 }, 'order_not_found'],
  [{ kind: 'error', code: 10_004, withId: false }, 'invalid_response'],
  [{ kind: 'error', code: 10_029 }, 'not_owner'],
  [{ kind: 'error', code: 11_051 }, 'maintenance'],
];
const errorCodes: readonly (readonly [Fault, Code])[] = Object.entries(dialects.deribit.errors).map(
  ([number, { code }]) => [{ kind: 'error', code: Number(number) }, code],
);
/** A token request says nothing about an order. */
const authErrorCodes = errorCodes.map(
  ([fault, means]) =>
    [fault, ['order_not_found', 'invalid_order_id', 'not_owner'].includes(means) ? 'exchange_error' : means] as const,
);
/** The faults that end only at the deadline. */
export const patient = new Set<Fault>(
  connectionFaults.filter(([, code]) => code === 'timeout').map(([fault]) => fault),
);

const wireFaults = [...connectionFaults, ...httpFaults, ...rpcFaults];
export const faultsOfOrders = [...wireFaults, ...orderFaults, ...errorCodes];
export const faultsOfAuth = [...wireFaults, ...authErrorCodes];
