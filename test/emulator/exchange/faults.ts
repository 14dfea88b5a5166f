import { setTimeout as wait } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import type { Delivery, WireReply } from './delivery.ts';
import { isRowFault, type Listing, type RowFault, spoilRows } from './lists.ts';
import { errorStatus, writeError } from './refusals.ts';
import type { RecordedRequest } from './requests.ts';
import { type Dialect, type Order, type Reply, type WireObject, writeOrder, writeReply } from './wire.ts';

/** What a fault that is a function returns. */
type CannedReply = {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: string | Buffer;
};

/** A fault written by the test: from the request and the reply that would have gone out, to the one that does. */
export type CustomFault = (
  request: RecordedRequest,
  genuine: { readonly status: number; readonly body: string },
) => CannedReply | Promise<CannedReply>;

/** What can go wrong with one request. */
type NamedFault =
  /** No fault: for scripts in which only a later request is to fail. */
  | { readonly kind: 'pass' }
  // the connection
  /** The reply comes late, by time or (`hold`) when the test says so; then as itself or with another fault. */
  | { readonly kind: 'delay'; readonly ms: number; readonly next?: Fault }
  | { readonly kind: 'hold'; readonly until: Promise<unknown>; readonly next?: Fault }
  /** Accepted and never replied to. */
  | { readonly kind: 'hang' }
  /** The connection ends before the reply, politely or by a reset. */
  | { readonly kind: 'drop'; readonly reset?: boolean }
  | { readonly kind: 'dropAfterHeaders' }
  /** Cut JSON: in a whole HTTP message (`length`, `chunked`), or promising more than comes before the end (`short`). */
  | { readonly kind: 'truncate'; readonly at?: number; readonly framing?: 'length' | 'chunked' | 'short' }
  /** The body drips, a few bytes at a time. */
  | { readonly kind: 'slowBody'; readonly bytes?: number; readonly everyMs?: number }
  /** Ahead of the reply, an error that nobody requested and that has no id. */
  | { readonly kind: 'surplus'; readonly code: number }
  // HTTP
  | { readonly kind: 'html'; readonly status?: number }
  | { readonly kind: 'empty'; readonly status?: number }
  | { readonly kind: 'status'; readonly status: number; readonly body?: string; readonly retryAfter?: number | string }
  | { readonly kind: 'redirect'; readonly location: string; readonly status?: number }
  /** At least so many bytes of otherwise correct JSON. */
  | { readonly kind: 'oversized'; readonly bytes: number }
  /** Compressed although the request did not accept it; with `bytes`, a small body that inflates to at least so many. */
  | { readonly kind: 'gzip'; readonly bytes?: number }
  // JSON-RPC
  | {
      readonly kind: 'error';
      readonly code: number;
      readonly message?: string;
      readonly data?: WireObject;
      readonly withId?: boolean;
      readonly httpStatus?: number;
    }
  | { readonly kind: 'throttle'; readonly wait: number; readonly httpStatus?: number }
  /** `id` is JSON text. */
  | { readonly kind: 'wrongId'; readonly id?: string }
  | { readonly kind: 'noId' }
  | { readonly kind: 'nullId' }
  | { readonly kind: 'noJsonrpc' }
  | { readonly kind: 'noTimes' }
  | { readonly kind: 'bothResultAndError' }
  | { readonly kind: 'neither' }
  // the result
  | { readonly kind: 'otherOrder'; readonly orderId?: string }
  /** JSON text in the result's place. */
  | { readonly kind: 'result'; readonly text: string }
  /** Any text as the whole body. */
  | { readonly kind: 'raw'; readonly body: string; readonly status?: number }
  /** One field twice in the result, the false value (JSON text) first. */
  | { readonly kind: 'duplicateKeys'; readonly name?: string; readonly value?: string }
  | { readonly kind: 'deep'; readonly levels?: number }
  | { readonly kind: 'invalidUtf8' }
  /** The order as it was before its last change, or before its last `back` changes. */
  | { readonly kind: 'stale'; readonly back?: number }
  // the rows of a list or a history
  | RowFault;

export type Fault = NamedFault | CustomFault;

/** The reply without a fault, and what faults are made from. */
export type Genuine = {
  readonly dialect: Dialect;
  readonly request: RecordedRequest;
  readonly reply: Reply;
  readonly order: Order | undefined;
  readonly past: readonly Order[];
  /** The orders in a reply that lists orders. */
  readonly listing: Listing | undefined;
};

const page = '<!doctype html><html><head><title>Bad gateway</title></head><body><h1>Bad gateway</h1></body></html>';
const json = { 'content-type': 'application/json' };

/** What goes on the wire for one request: the genuine reply, changed by the fault. */
export async function plan(fault: Fault, genuine: Genuine, signal: AbortSignal): Promise<Delivery> {
  const wireReply = asWireReply(genuine, genuine.reply);
  if (typeof fault === 'function') {
    const canned = await fault(genuine.request, { status: wireReply.status, body: wireReply.body.toString('utf8') });
    return whole(canned.status ?? 200, { ...json, ...canned.headers }, canned.body);
  }
  switch (fault.kind) {
    case 'delay':
      await wait(fault.ms, undefined, { signal });
      return plan(fault.next ?? { kind: 'pass' }, genuine, signal);
    case 'hold':
      await fault.until;
      return plan(fault.next ?? { kind: 'pass' }, genuine, signal);
    case 'hang':
      return { kind: 'hang' };
    case 'drop':
      return { kind: 'drop', reset: fault.reset ?? false };
    case 'dropAfterHeaders':
      return { kind: 'cut', reply: wireReply, at: 0, framing: 'short' };
    case 'truncate': {
      const at = fault.at ?? Math.floor(wireReply.body.length / 2);
      return { kind: 'cut', reply: wireReply, at, framing: fault.framing ?? 'length' };
    }
    case 'slowBody':
      return { kind: 'drip', reply: wireReply, bytes: fault.bytes ?? 1, everyMs: fault.everyMs ?? 50 };
    case 'surplus': {
      const error = writeError(genuine.dialect, fault.code);
      const body = writeReply(genuine.dialect, { ...genuine.reply, id: undefined, result: undefined, error });
      return { kind: 'surplus', reply: wireReply, surplus: { status: 200, headers: json, body: Buffer.from(body) } };
    }
    case 'html':
      return whole(fault.status ?? 502, { 'content-type': 'text/html' }, page);
    case 'empty':
      return whole(fault.status ?? 200, json, '');
    case 'status': {
      const retry = fault.retryAfter === undefined ? {} : { 'retry-after': String(fault.retryAfter) };
      return whole(fault.status, { 'content-type': 'text/plain', ...retry }, fault.body ?? '');
    }
    case 'redirect':
      return whole(fault.status ?? 302, { location: fault.location }, '');
    case 'gzip':
      return whole(
        wireReply.status,
        { ...json, 'content-encoding': 'gzip' },
        gzipSync(padded(genuine, fault.bytes ?? 0)),
      );
    case 'oversized':
      return whole(wireReply.status, json, padded(genuine, fault.bytes));
    case 'raw':
      return whole(fault.status ?? 200, json, fault.body);
    case 'invalidUtf8': {
      const reply = withField(genuine.reply, 'note', '"@@@@"');
      const [before = '', after = ''] = writeReply(genuine.dialect, reply).split('@@@@');
      return whole(reply.httpStatus, json, Buffer.concat([Buffer.from(before), lonelyBytes, Buffer.from(after)]));
    }
    default:
      return { kind: 'reply', reply: asWireReply(genuine, spoil(fault, genuine)) };
  }
}

/** Never valid in UTF-8, wherever they stand. */
const lonelyBytes = Buffer.from([0xff, 0xfe]);

type ReplyFault = Exclude<
  NamedFault,
  {
    readonly kind:
      | 'delay'
      | 'hold'
      | 'hang'
      | 'drop'
      | 'dropAfterHeaders'
      | 'truncate'
      | 'slowBody'
      | 'surplus'
      | 'html'
      | 'empty'
      | 'status'
      | 'redirect'
      | 'gzip'
      | 'oversized'
      | 'raw'
      | 'invalidUtf8';
  }
>;

/** The faults that only change what the JSON-RPC reply says. */
function spoil(fault: ReplyFault, { dialect, request, reply, order, past, listing }: Genuine): Reply {
  if (isRowFault(fault)) return spoilRows(fault, reply, listing, request.at);
  switch (fault.kind) {
    case 'pass':
      return reply;
    case 'error':
      return {
        ...reply,
        httpStatus: fault.httpStatus ?? errorStatus(dialect, fault.code),
        id: fault.withId === false ? undefined : reply.id,
        result: undefined,
        error: writeError(dialect, fault.code, fault.message, fault.data),
      };
    case 'throttle':
      return {
        ...reply,
        httpStatus: fault.httpStatus ?? errorStatus(dialect, 10028),
        result: undefined,
        error: writeError(dialect, 10028, undefined, { wait: fault.wait }),
      };
    case 'wrongId':
      return { ...reply, id: fault.id ?? '987654321' };
    case 'noId':
      return { ...reply, id: undefined };
    case 'nullId':
      return { ...reply, id: 'null' };
    case 'noJsonrpc':
      return { ...reply, jsonrpc: undefined };
    case 'noTimes':
      return { ...reply, times: undefined };
    case 'bothResultAndError':
      return { ...reply, result: reply.result ?? '{}', error: reply.error ?? writeError(dialect, 10040) };
    case 'neither':
      return { ...reply, result: undefined, error: undefined };
    case 'result':
      return { ...reply, result: fault.text, error: undefined };
    case 'otherOrder': {
      if (!order) return reply;
      return { ...reply, result: writeOrder(dialect, { ...order, order_id: fault.orderId ?? `${order.order_id}1` }) };
    }
    case 'stale': {
      const before = past[past.length - (fault.back ?? 1)];
      return before ? { ...reply, result: writeOrder(dialect, before) } : reply;
    }
    case 'duplicateKeys':
      return withField(reply, fault.name ?? 'order_state', fault.value ?? '"filled"');
    case 'deep': {
      const levels = fault.levels ?? 10_000;
      return withField(reply, 'deep', '['.repeat(levels) + ']'.repeat(levels));
    }
  }
}

/** A further field, ahead of the others, in the result or the error. */
function withField(reply: Reply, name: string, value: string): Reply {
  const add = (object: string | undefined) =>
    object?.replace(/^\{(?=(\}?))/, (_, end: string) => `{${JSON.stringify(name)}:${value}${end === '' ? ',' : ''}`);
  return { ...reply, result: add(reply.result), error: add(reply.error) };
}

function padded(genuine: Genuine, bytes: number): string {
  const reply = bytes === 0 ? genuine.reply : withField(genuine.reply, 'padding', `"${'x'.repeat(bytes)}"`);
  return writeReply(genuine.dialect, reply);
}

function asWireReply({ dialect }: Genuine, reply: Reply): WireReply {
  return { status: reply.httpStatus, headers: json, body: Buffer.from(writeReply(dialect, reply)) };
}

function whole(status: number, headers: Readonly<Record<string, string>>, body: string | Buffer): Delivery {
  return { kind: 'reply', reply: { status, headers, body: typeof body === 'string' ? Buffer.from(body) : body } };
}
