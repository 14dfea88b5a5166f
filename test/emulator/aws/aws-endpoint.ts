import type { IncomingMessage, ServerResponse } from 'node:http';
import { buffer } from 'node:stream/consumers';
import type { Engine } from './engines.ts';
import { createForwarder, type ForwardedResponse, send, startProxy, unknownOperation } from './forward.ts';

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

  const proxy = await startProxy(handle);
  return {
    url: proxy.url,
    stop: async () => {
      await proxy.stop();
      stop();
    },
  };
}
