import type { ExchangeError } from './definition.ts';

const document = 'https://www.jsonrpc.org/specification#error_object';

/** The codes of JSON-RPC 2.0 itself. `-32602` is the caller's: the order id is the only parameter that we pass on. */
export const jsonRpcErrors = {
  [-32700]: { name: 'Parse error', code: 'request_rejected', document },
  [-32600]: { name: 'Invalid Request', code: 'request_rejected', document },
  [-32601]: { name: 'Method not found', code: 'request_rejected', document },
  [-32602]: { name: 'Invalid params', code: 'invalid_order_id', document },
} as const satisfies Record<number, ExchangeError>;
