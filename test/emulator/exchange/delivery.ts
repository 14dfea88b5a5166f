import type { ServerResponse } from 'node:http';
import { setTimeout as wait } from 'node:timers/promises';

export type WireReply = {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
};

/** What happens on the socket. */
export type Delivery =
  | { readonly kind: 'reply'; readonly reply: WireReply }
  | { readonly kind: 'hang' }
  | { readonly kind: 'drop'; readonly reset: boolean }
  /** The body's first `at` bytes; `short` says in the headers that all of it comes, and closes the connection. */
  | {
      readonly kind: 'cut';
      readonly reply: WireReply;
      readonly at: number;
      readonly framing: 'length' | 'chunked' | 'short';
    }
  /** A response that no request was sent for, then the reply: each later request gets the one of the request before. */
  | { readonly kind: 'surplus'; readonly reply: WireReply; readonly surplus: WireReply }
  | { readonly kind: 'drip'; readonly reply: WireReply; readonly bytes: number; readonly everyMs: number };

export async function deliver(response: ServerResponse, delivery: Delivery, signal: AbortSignal): Promise<void> {
  switch (delivery.kind) {
    case 'reply':
      return send(response, delivery.reply);
    case 'hang':
      return;
    case 'drop':
      if (delivery.reset) response.socket?.resetAndDestroy();
      else response.socket?.destroy();
      return;
    case 'cut': {
      const { reply, at, framing } = delivery;
      const start = reply.body.subarray(0, at);
      if (framing === 'length') return send(response, { ...reply, body: start });
      if (framing === 'chunked') {
        response.writeHead(reply.status, reply.headers);
        response.write(start);
        response.end();
        return;
      }
      response.writeHead(reply.status, { ...reply.headers, 'content-length': String(reply.body.length) });
      response.flushHeaders();
      // Both are in the socket's queue now; it closes when they have been handed over.
      if (start.length > 0) response.write(start);
      response.socket?.end();
      return;
    }
    case 'surplus':
      response.socket?.write(httpMessage(delivery.surplus));
      // Not in one packet: node ends a connection on which one request gets two responses.
      await wait(5, undefined, { signal });
      return send(response, delivery.reply);
    case 'drip':
      return drip(response, delivery.reply, delivery.bytes, delivery.everyMs, signal);
  }
}

export function send(response: ServerResponse, { status, headers, body }: WireReply): void {
  response.writeHead(status, { ...headers, 'content-length': String(body.length) });
  response.end(body);
}

function httpMessage({ status, headers, body }: WireReply): Buffer {
  const all = Object.entries({ ...headers, 'content-length': String(body.length) });
  const head = all.map(([name, value]) => `${name}: ${value}\r\n`).join('');
  return Buffer.concat([Buffer.from(`HTTP/1.1 ${status} Surplus\r\n${head}\r\n`), body]);
}

async function drip(
  response: ServerResponse,
  { status, headers, body }: WireReply,
  bytes: number,
  everyMs: number,
  signal: AbortSignal,
): Promise<void> {
  response.writeHead(status, { ...headers, 'content-length': String(body.length) });
  response.flushHeaders();
  for (let at = 0; at < body.length && !response.destroyed; at += bytes) {
    response.write(body.subarray(at, at + bytes));
    await wait(everyMs, undefined, { signal });
  }
  response.end();
}
