import { Agent, type IncomingHttpHeaders, type IncomingMessage, request, type ServerResponse } from 'node:http';
import { buffer } from 'node:stream/consumers';

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
