import { type Code, Failure } from '../errors.ts';
import type { Dialect } from './dialects/index.ts';
import { isJsonObject, type Json, JsonError, type JsonObject, memberText, readJson, scalarText } from './json.ts';
import { maxAheadMs } from './order.ts';
import { isOrderFailure } from './order-failures.ts';
import { earliest } from './order-fields.ts';
import type { HttpReply } from './transport.ts';

export type Reply = {
  readonly result: Json;
  /** The text of `result`, verbatim. */
  readonly resultText: string;
  /** When the exchange replied, by its own clock, if it said; milliseconds since the Unix epoch. */
  readonly exchangeTime: number | undefined;
};

/** The minimum wait after a throttled call, milliseconds. */
const throttledMs = 1_000;

/** What to check, where the code alone does not say. */
const advice: Partial<Record<Code, string>> = {
  key_refused: ': the key is wrong or for the other environment, or our clock is more than 60 s off',
  forbidden: ': the key lacks the permission to read orders',
};

/** The body of a call. */
export function encodeCall(
  dialect: Dialect,
  id: number,
  method: string,
  params: Readonly<Record<string, string | number | boolean>>,
): string {
  return JSON.stringify({ jsonrpc: '2.0', id, method: dialect.methodPrefix + method, params });
}

/**
 * Reads the reply to call `id`. A JSON-RPC body is read as such, whatever its HTTP status, except that 429 is always
 * throttling.
 * Throws a `Failure` with the dialect's code for the error, the status's code, or `invalid_response`.
 */
export function readReply(
  reply: HttpReply,
  call: { readonly id: number; readonly dialect: Dialect; readonly now: number },
): Reply {
  const message = parseMessage(reply.body);
  if (reply.status === 429) throw throttled(reply, message);
  if (message instanceof JsonError) throw notJsonRpc(reply, message.message);

  const id = present(message['id']);
  const error = present(message['error']);
  const result = present(message['result']);
  // Both exchanges send errors without an id; a result without one could belong to any call.
  const anonymousError = error !== undefined && id === undefined;
  const isReply = scalarText(id) === String(call.id);
  if (!isReply) reply.dropConnection?.();
  if (!isReply && !anonymousError) throw unusable('it belongs to another call');
  if (error !== undefined && result !== undefined) throw unusable('it has both a result and an error');
  if (error !== undefined) {
    const failure = readError(error, call.dialect, reply.retryAfterMs);
    if (anonymousError && isOrderFailure(failure)) throw unusable('its error is about an order but has no id');
    throw failure;
  }
  const resultText = memberText(reply.body, 'result');
  if (result === undefined || resultText === undefined) throw unusable('it has neither a result nor an error');
  return { result, resultText, exchangeTime: readTime(message['usOut'], call.now) };
}

function parseMessage(text: string): JsonObject | JsonError {
  const message = readJson(text);
  if (message instanceof JsonError) return message;
  return isJsonObject(message) && message['jsonrpc'] === '2.0'
    ? message
    : new JsonError('no object with jsonrpc "2.0"');
}

function throttled({ retryAfterMs = 0 }: HttpReply, message: JsonObject | JsonError): Failure {
  const error = message instanceof JsonError ? undefined : message['error'];
  const waitMs = isJsonObject(error) ? readWait(error['data']) : undefined;
  const exchangeCode = isJsonObject(error) ? readCode(error) : undefined;
  const text = `The exchange returned HTTP 429${exchangeCode === undefined ? '' : ` with error ${exchangeCode}`}.`;
  return new Failure('throttled', text, {
    exchangeCode,
    retryAfterMs: Math.max(throttledMs, retryAfterMs, waitMs ?? 0),
  });
}

function notJsonRpc({ status, retryAfterMs }: HttpReply, why: string): Failure {
  const text = `The exchange returned HTTP ${status} without JSON-RPC: ${why}.`;
  return new Failure(status >= 500 ? 'busy' : 'invalid_response', text, { retryAfterMs });
}

function unusable(why: string): Failure {
  return new Failure('invalid_response', `The exchange's reply is invalid: ${why}.`);
}

/** The error's own text is left out: it may quote the request. */
function readError(error: Json, dialect: Dialect, retryAfterMs: number | undefined): Failure {
  const exchangeCode = isJsonObject(error) ? readCode(error) : undefined;
  if (!isJsonObject(error) || exchangeCode === undefined) return unusable('its error has no code');
  const code = dialect.errors[exchangeCode]?.code ?? 'exchange_error';
  const waits = [readWait(error['data']), retryAfterMs, code === 'throttled' ? throttledMs : undefined];
  const known = waits.filter((wait) => wait !== undefined);
  return new Failure(code, `The exchange returned error ${exchangeCode}${advice[code] ?? ''}.`, {
    exchangeCode,
    retryAfterMs: known.length > 0 ? Math.max(...known) : undefined,
  });
}

function readCode(error: JsonObject): number | undefined {
  const digits = scalarText(error['code']);
  return digits !== undefined && /^-?\d{1,9}$/.test(digits) ? Number(digits) : undefined;
}

/** `data.wait`, seconds, as milliseconds. */
function readWait(data: Json | undefined): number | undefined {
  const text = isJsonObject(data) ? scalarText(data['wait']) : undefined;
  return text !== undefined && /^\d+(\.\d+)?$/.test(text) ? Number(text) * 1000 : undefined;
}

/**
 * Micro- or milliseconds: the specification says one and shows the other, so the magnitude decides. Only a time from 2010 to
 * an hour ahead of our clock counts.
 */
function readTime(value: Json | undefined, now: number): number | undefined {
  const digits = scalarText(value) ?? '';
  const time = /^\d{13,16}$/.test(digits) ? Number(digits) : 0;
  const epochMs = time >= 1e15 ? Math.floor(time / 1000) : time;
  return epochMs >= earliest && epochMs <= now + maxAheadMs ? epochMs : undefined;
}

/** Whether a member is present: some servers write `null` for an absent one. */
function present(value: Json | undefined): Json | undefined {
  return value ?? undefined;
}
