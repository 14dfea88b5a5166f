import type { ServerResponse } from 'node:http';
import { setTimeout as wait } from 'node:timers/promises';

export type Answer = {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
};

/** What happens on the socket. */
export type Delivery =
  | { readonly kind: 'answer'; readonly answer: Answer }
  | { readonly kind: 'hang' }
  | { readonly kind: 'drop'; readonly reset: boolean }
  /** The body's first `at` bytes; `short` says in the headers that all of it comes, and closes the connection. */
  | {
      readonly kind: 'cut';
      readonly answer: Answer;
      readonly at: number;
      readonly framing: 'length' | 'chunked' | 'short';
    }
  /** A response that no request was sent for, then the answer: each later request gets the one of the request before. */
  | { readonly kind: 'surplus'; readonly answer: Answer; readonly surplus: Answer }
  | { readonly kind: 'drip'; readonly answer: Answer; readonly bytes: number; readonly everyMs: number };

export async function deliver(response: ServerResponse, delivery: Delivery, signal: AbortSignal): Promise<void> {
  switch (delivery.kind) {
    case 'answer':
      return send(response, delivery.answer);
    case 'hang':
      return;
    case 'drop':
      if (delivery.reset) response.socket?.resetAndDestroy();
      else response.socket?.destroy();
      return;
    case 'cut': {
      const { answer, at, framing } = delivery;
      const start = answer.body.subarray(0, at);
      if (framing === 'length') return send(response, { ...answer, body: start });
      if (framing === 'chunked') {
        response.writeHead(answer.status, answer.headers);
        response.write(start);
        response.end();
        return;
      }
      response.writeHead(answer.status, { ...answer.headers, 'content-length': String(answer.body.length) });
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
      return send(response, delivery.answer);
    case 'drip':
      return drip(response, delivery.answer, delivery.bytes, delivery.everyMs, signal);
  }
}

export function send(response: ServerResponse, { status, headers, body }: Answer): void {
  response.writeHead(status, { ...headers, 'content-length': String(body.length) });
  response.end(body);
}

function httpMessage({ status, headers, body }: Answer): Buffer {
  const all = Object.entries({ ...headers, 'content-length': String(body.length) });
  const head = all.map(([name, value]) => `${name}: ${value}\r\n`).join('');
  return Buffer.concat([Buffer.from(`HTTP/1.1 ${status} Surplus\r\n${head}\r\n`), body]);
}

async function drip(
  response: ServerResponse,
  { status, headers, body }: Answer,
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
