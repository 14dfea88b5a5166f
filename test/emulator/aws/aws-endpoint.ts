import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { listen, unlisten } from '../listen.ts';
import type { Engine } from './engines.ts';
import { createForwarder, type ForwardedResponse, send, unknownOperation } from './forward.ts';

const notHere = 'No service of this name runs here.';

/** For CloudFormation and others whose responses are XML. */
const unknownQuery: ForwardedResponse = {
  status: 400,
  headers: { 'content-type': 'text/xml' },
  body: Buffer.from(
    `<ErrorResponse><Error><Code>UnknownOperationException</Code><Message>${notHere}</Message></Error></ErrorResponse>`,
  ),
};

/**
 * One address for AWS: hands each call to the service that it is for. `services` leads from what is before the dot in
 * `x-amz-target` to the service's own address.
 */
export async function startAwsEndpoint(services: Readonly<Record<string, string>>): Promise<Engine> {
  const { forward, stop } = createForwarder();
  const known = new Map(Object.entries(services));

  const server = createServer((incoming, response) => {
    handle(incoming, response).catch(() => response.destroy());
  });
  // Longer than the SDK keeps an idle connection.
  server.keepAliveTimeout = 0;
  const { port } = await listen(server, 0);

  async function handle(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await buffer(incoming);
    const { method, url, headers } = incoming;
    const [target = ''] = String(headers['x-amz-target']).split('.');
    const service = known.get(target);
    if (service === undefined) {
      const isQuery = headers['content-type']?.startsWith('application/x-www-form-urlencoded');
      return send(response, isQuery ? unknownQuery : unknownOperation(notHere));
    }
    send(response, await forward({ method, url, headers, body }, service));
  }

  return {
    url: `http://127.0.0.1:${port}`,
    stop: async () => {
      await unlisten(server);
      stop();
    },
  };
}
