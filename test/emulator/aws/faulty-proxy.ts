import type { IncomingMessage, ServerResponse } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { setTimeout as wait } from 'node:timers/promises';
import { createForwarder, type ForwardedResponse, send, startProxy } from './forward.ts';

/** What can go wrong with one request to DynamoDB. */
type TableFault =
  /** The connection is reset: nobody is there. */
  | { readonly kind: 'down' }
  /** Accepted, and then there is no response. */
  | { readonly kind: 'hang' }
  | { readonly kind: 'slow'; readonly ms: number }
  | { readonly kind: 'throttled' }
  | { readonly kind: 'denied' }
  | { readonly kind: 'internal' }
  /** The request is done, and the connection reset before its response. */
  | { readonly kind: 'cutOff' }
  /** The test ends the process that sent it: before the request is done, or afterwards. There is no response. */
  | { readonly kind: 'kill'; readonly isDone: boolean; readonly end: () => Promise<void> };

/** The fault of a request, by its operation and how many requests came before it; absent: none. */
type TableScript = (operation: string, index: number) => TableFault | undefined;

export type FaultyProxy = {
  readonly url: string;
  /** Decides about each request from now on, counted from 0. */
  readonly play: (script: TableScript) => void;
  readonly recover: () => void;
  /** Requests since `play` or `recover`. */
  readonly count: () => number;
  readonly stop: () => Promise<void>;
};

/** Stands before the table and plays faults; everything else goes through unchanged. */
export async function startFaultyProxy(url: string): Promise<FaultyProxy> {
  const { forward, stop } = createForwarder();
  const stopped = new AbortController();
  let script: TableScript = () => undefined;
  let index = 0;

  async function handle(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const fault = script(String(incoming.headers['x-amz-target']).split('.')[1] ?? '', index++);
    const body = await buffer(incoming);
    const { method, url: path, headers } = incoming;
    const genuine = () => forward({ method, url: path, headers, body }, url);
    if (fault === undefined) return send(response, await genuine());
    switch (fault.kind) {
      case 'down':
        response.socket?.resetAndDestroy();
        return;
      case 'hang':
        return;
      case 'slow':
        await wait(fault.ms, undefined, { signal: stopped.signal });
        return send(response, await genuine());
      case 'cutOff':
        await genuine();
        response.socket?.resetAndDestroy();
        return;
      case 'kill':
        if (fault.isDone) await genuine();
        await fault.end();
        return;
      default:
        return send(response, refusals[fault.kind]);
    }
  }

  const proxy = await startProxy(handle);
  const play = (next: TableScript) => {
    script = next;
    index = 0;
  };
  return {
    url: proxy.url,
    play,
    recover: () => play(() => undefined),
    count: () => index,
    stop: async () => {
      stopped.abort();
      await proxy.stop();
      stop();
    },
  };
}

function refusal(type: string, message: string, status = 400): ForwardedResponse {
  const body = Buffer.from(JSON.stringify({ __type: type, message }));
  return { status, headers: { 'content-type': 'application/x-amz-json-1.0' }, body };
}

const refusals = {
  throttled: refusal(
    'com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException',
    'The level of configured provisioned throughput for the table was exceeded.',
  ),
  denied: refusal(
    'com.amazon.coral.service#AccessDeniedException',
    'User is not authorized to perform this action on this table.',
  ),
  internal: refusal('com.amazonaws.dynamodb.v20120810#InternalServerError', 'The request processing failed.', 500),
} as const;
