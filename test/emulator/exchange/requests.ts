import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { Refusal } from './refusals.ts';

/** A request as it came in, for assertions. `path` is as sent, query included; `body` is the text. */
export type RecordedRequest = {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  /** By the exchange's clock. */
  readonly at: number;
  /** One number per connection. */
  readonly connection: number;
  readonly call: 'auth' | 'test' | 'get_order_state' | 'open_orders' | 'order_history' | 'trades' | 'other';
  /** The requested order, as far as the request could be read. */
  readonly orderId: string | undefined;
};

/** The JSON-RPC call that a request carries. `id` is JSON text: an echo keeps its type and every digit. */
export type Call = {
  readonly id: string | undefined;
  readonly method: string;
  readonly params: Readonly<Record<string, unknown>>;
};

const bodyLimit = 32 * 1024;

/** The body, or nothing when it is over the exchange's limit. */
export async function readBody(request: IncomingMessage): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request) {
    const bytes = Buffer.from(chunk);
    size += bytes.length;
    if (size > bodyLimit) return undefined;
    chunks.push(bytes);
  }
  return Buffer.concat(chunks);
}

/** A call by GET: its method is the path, its parameters are the query, and it has no id. */
export function callOfQuery(method: string, query: string): Call {
  return { id: undefined, method, params: Object.fromEntries(new URLSearchParams(query)) };
}

/** A call by POST. Batches are not spoken here. */
export function callOfBody(body: string): Call {
  const { value, idText } = parseWithId(body);
  if (!isRecord(value)) throw new Refusal(-32600);
  const { jsonrpc, method, params = {} } = value;
  const id = value['id'];
  if (id !== undefined && id !== null && typeof id !== 'string' && typeof id !== 'number') throw new Refusal(-32600);
  if (jsonrpc !== '2.0' || typeof method !== 'string') throw new UnreadableCall(-32600, idText);
  if (!isRecord(params)) throw new UnreadableCall(-32602, idText);
  return { id: idText, method, params };
}

/** A refusal of something that is not a call, but has an id that the reply can carry. */
export class UnreadableCall extends Refusal {
  readonly id: string | undefined;

  constructor(code: number, id: string | undefined) {
    super(code);
    this.id = id;
  }
}

function parseWithId(body: string): { readonly value: unknown; readonly idText: string | undefined } {
  const ids = new WeakMap<object, string>();
  // The reviver's third argument holds the source text of numbers and strings.
  const keepId = function (this: unknown, name: string, value: unknown, ...context: readonly unknown[]): unknown {
    const [source] = context;
    if (name === 'id' && isRecord(this) && isRecord(source) && typeof source['source'] === 'string') {
      ids.set(this, source['source']);
    }
    return value;
  };
  let value: unknown;
  try {
    value = JSON.parse(body, keepId);
  } catch {
    throw new Refusal(-32700);
  }
  return { value, idText: isRecord(value) ? ids.get(value) : undefined };
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
