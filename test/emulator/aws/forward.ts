import {
  Agent,
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  request,
  type ServerResponse,
} from 'node:http';
import { buffer } from 'node:stream/consumers';
import { listen, unlisten } from '../listen.ts';
import type { Engine } from './engines.ts';

/** A request as it came in, its body read. */
type Incoming = Pick<IncomingMessage, 'method' | 'url' | 'headers'> & { readonly body: Buffer };

export type ForwardedResponse = {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
};

type Forwarder = {
  /** Sends the same request to a server on this machine, and resolves with its response. Rejects when it cannot be reached. */
  readonly forward: (incoming: Incoming, to: string) => Promise<ForwardedResponse>;
  readonly stop: () => void;
};

/** Starts a server whose client is the SDK. A request that cannot be handled ends without a response: the client tries again. */
export async function startProxy(
  handle: (incoming: IncomingMessage, response: ServerResponse) => Promise<void>,
): Promise<Engine> {
  const server = createServer((incoming, response) => {
    handle(incoming, response).catch(() => response.destroy());
  });
  // Longer than the SDK keeps an idle connection.
  server.keepAliveTimeout = 0;
  const { port } = await listen(server, 0);
  return { url: `http://127.0.0.1:${port}`, stop: () => unlisten(server) };
}

export function createForwarder(): Forwarder {
  const agent = new Agent({ keepAlive: true });
  return {
    forward: ({ method, url: path, headers, body }, to) =>
      new Promise((resolve, reject) => {
        const sent = { ...headers, 'content-length': body.length };
        request(new URL(path ?? '/', to), { agent, method, headers: sent }, (response) => {
          buffer(response).then(
            (body) => resolve({ status: response.statusCode ?? 502, headers: response.headers, body }),
            reject,
          );
        })
          .on('error', reject)
          .end(body);
      }),
    stop: () => agent.destroy(),
  };
}

export function send(response: ServerResponse, { status, headers, body }: ForwardedResponse): void {
  const { connection: _, 'keep-alive': __, 'transfer-encoding': ___, ...kept } = headers;
  response.writeHead(status, { ...kept, 'content-length': body.length }).end(body);
}

/** How AWS's own services say that they do not know an operation. */
export function unknownOperation(message: string): ForwardedResponse {
  const body = Buffer.from(JSON.stringify({ __type: 'com.amazon.coral.service#UnknownOperationException', message }));
  return { status: 400, headers: { 'content-type': 'application/x-amz-json-1.0' }, body };
}
