import type { Clock } from '../../lib/clock.ts';
import type { ReplyStream, Transport } from '../../lib/exchange/transport.ts';

/** An exchange whose orders rest: it replies at once, always the same, and keeps nothing. */
export type RestingOrders = {
  readonly ids: readonly string[];
  /** The text of an order. */
  readonly rowOf: (orderId: string) => string;
  readonly transport: Transport;
  /** How many calls it has replied to. */
  readonly calls: () => number;
};

type RestingOptions = { readonly count: number; readonly createdAt: number; readonly clock: Clock };

const callMs = 50;
/** Bytes of a reply that arrive together. */
const pieceLength = 64 * 1024;

/** `onCall` is called with each call's number, from 1. */
export function createRestingOrders(options: RestingOptions, onCall: (call: number) => void): RestingOrders {
  const { count, createdAt, clock } = options;
  const ids = Array.from({ length: count }, (_, i) => `BTC-${13_133_482 + i}`);
  const rowOf = (orderId: string) =>
    `{"order_id":"${orderId}","order_state":"open","instrument_name":"BTC-PERPETUAL","direction":"buy","order_type":"limit","time_in_force":"good_til_cancelled","price":50000.5,"amount":10,"filled_amount":0,"average_price":0,"label":"maker","api":true,"post_only":true,"creation_timestamp":${createdAt},"last_update_timestamp":${createdAt}}`;
  const list = Buffer.from(`[${ids.map(rowOf).join()}]`);
  let calls = 0;

  const transport: Transport = async ({ body, stream }) => {
    await clock.sleep(callMs);
    calls += 1;
    onCall(calls);
    const times = `"usIn":${clock.now()}000,"usOut":${clock.now()}000,"usDiff":0`;
    const [head, tail] = [`{"jsonrpc":"2.0","id":${match(body, /"id":(\d+)/)},"result":`, `,${times}}`];
    if (stream === undefined) return { status: 200, body: head + rowOf(match(body, /"order_id":"([^"]+)"/)) + tail };
    return { status: 200, body: streamed(Buffer.concat([Buffer.from(head), list, Buffer.from(tail)]), stream) };
  };
  return { ids, rowOf, transport, calls: () => calls };
}

/** What a stream leaves of a reply that arrives piece by piece. */
function streamed(reply: Buffer, { take }: ReplyStream): string {
  const decoder = new TextDecoder();
  let body = '';
  for (let at = 0; at < reply.length; at += pieceLength) {
    body += take(decoder.decode(reply.subarray(at, at + pieceLength), { stream: true }));
  }
  return body + take(decoder.decode());
}

function match(text: string, pattern: RegExp): string {
  return pattern.exec(text)?.[1] ?? '';
}
