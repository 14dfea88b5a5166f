import type { IncomingMessage } from 'node:http';
import * as https from 'node:https';
import { type HttpRequest, HttpResponse } from '@smithy/core/protocols';
import type { HttpHandlerOptions, RequestHandler } from '@smithy/types';

// `import 'node:http'` would load undici through the module's namespace: 35 ms of a cold start, wasted.
const http = process.getBuiltinModule('node:http');

const agentOptions = { keepAlive: true, maxSockets: 50 } as const;

type Handler = RequestHandler<HttpRequest, HttpResponse, HttpHandlerOptions>;
export type SendRequest = Handler['handle'];

/**
 * Sends the SDK's requests with node's own client and one timeout, from the start to the last byte of the response,
 * which is read whole. It rejects with errors that the SDK's retries understand: `TimeoutError`, `AbortError`, errors
 * of node.
 */
export function createRequestHandler(timeoutMs: number): Handler {
  const plain = new http.Agent(agentOptions);
  const tls = new https.Agent(agentOptions);

  /** If one idle connection died (the Lambda was frozen), the others did, too: the retry must get a new one. */
  const dropIdleSockets = (): void => {
    for (const { freeSockets } of [plain, tls])
      for (const socket of Object.values(freeSockets).flat()) socket?.destroy();
  };

  const handle = (request: HttpRequest, options: HttpHandlerOptions = {}): Promise<{ response: HttpResponse }> =>
    new Promise((resolve, reject) => {
      const { protocol, hostname: host, port, path, method, headers } = request;
      const signal = options.abortSignal instanceof AbortSignal ? options.abortSignal : undefined;
      const isTls = protocol === 'https:';
      const open = isTls ? https.request : http.request;
      const sent = open({ host, port, path, method, headers, signal, agent: isTls ? tls : plain });
      const end = (error: Error): void => {
        clearTimeout(timer);
        reject(signal?.aborted ? Object.assign(new Error('The request was aborted.'), { name: 'AbortError' }) : error);
        sent.destroy();
      };
      const timer = setTimeout(() => end(timedOut(host)), options.requestTimeout ?? timeoutMs);
      sent.on('error', (error) => {
        if (sent.reusedSocket) dropIdleSockets();
        end(error);
      });
      sent.on('response', (received) => {
        readResponse(received).then((response) => {
          clearTimeout(timer);
          resolve({ response });
        }, end);
      });
      sent.end(request.body);
    });

  const destroy = (): void => {
    plain.destroy();
    tls.destroy();
  };
  return { metadata: { handlerProtocol: 'http/1.1' }, handle, destroy };
}

function readResponse(received: IncomingMessage): Promise<HttpResponse> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    received.on('data', (chunk) => chunks.push(chunk));
    received.on('error', reject);
    received.on('end', () => {
      const headers: Record<string, string> = {};
      for (const [name, value] of Object.entries(received.headers)) headers[name] = String(value);
      resolve(new HttpResponse({ statusCode: received.statusCode ?? 0, headers, body: Buffer.concat(chunks) }));
    });
  });
}

function timedOut(host: string): Error {
  return Object.assign(new Error(`${host} did not respond in time.`), { name: 'TimeoutError' });
}
