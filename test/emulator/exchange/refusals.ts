import { type Dialect, type WireObject, writeJson } from './wire.ts';

const names: Readonly<Record<number, string>> = {
  1000: 'no service',
  10000: 'authorization_required',
  10004: 'order_not_found',
  10025: 'invalid_order_id',
  10028: 'too_many_requests',
  10029: 'not_owner_of_order',
  10040: 'retry',
  10041: 'settlement_in_progress',
  10047: 'matching_engine_queue_full',
  11029: 'invalid_arguments',
  11051: 'system_maintenance',
  11098: 'account_locked',
  12003: 'login_over_limit',
  13004: 'invalid_credentials',
  13009: 'unauthorized',
  13021: 'forbidden',
  13028: 'temporarily_unavailable',
  '-32600': 'Invalid request',
  '-32601': 'Method not found',
  '-32602': 'Invalid params',
  '-32700': 'Parse error',
};

/** The exchange refuses: an error by number, and its `data`. */
export class Refusal extends Error {
  readonly code: number;
  readonly data: WireObject | undefined;

  constructor(code: number, data?: WireObject) {
    super(`refused with ${code}`);
    this.code = code;
    this.data = data;
  }
}

function errorMessage(dialect: Dialect, code: number): string {
  if (dialect === 'orangex' && code === 10000) return 'authentication failure';
  return names[code] ?? 'error';
}

/** orangex sends errors with status 200. deribit has 400 for them, and 401 was seen with 13009. */
export function errorStatus(dialect: Dialect, code: number): number {
  if (dialect === 'orangex') return 200;
  return code === 13009 ? 401 : 400;
}

/** The `error` object as JSON text. Without data, deribit leaves `data` out and orangex writes null. */
export function writeError(dialect: Dialect, code: number, message?: string, data?: WireObject): string {
  const nothing = dialect === 'orangex' ? null : undefined;
  return writeJson({ message: message ?? errorMessage(dialect, code), code, data: data ?? nothing });
}
