import { randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { listen, unlisten } from '../listen.ts';
import type { LocalRoute } from './assembly.ts';
import type { Outcome } from './environment.ts';
import { decodePath, fromResult, toEvent, type WireResponse } from './payload.ts';
import { createRouter } from './routes.ts';

/** What stands behind the gateway. */
export type Api = {
  readonly routes: readonly LocalRoute[];
  readonly invoke: (functionName: string, payload: string, traceId: string) => Promise<Outcome>;
};

type GatewaySetting = {
  readonly port: number;
  readonly accountId: string;
  /** Requests that come before it is there wait for it. */
  readonly api: Promise<Api>;
  /** What a GET or HEAD of these paths returns, besides the routes; the template has none of it. */
  readonly files?: ReadonlyMap<string, { readonly headers: Readonly<Record<string, string>>; readonly body: Buffer }>;
};

export type Gateway = { readonly url: string; readonly stop: () => Promise<void> };

const bodyLimit = 10 * 1024 * 1024;
/** Of the request line and the headers together. */
const headLimit = 10_240;

/** Serves the routes of an HTTP API on the loopback, unsigned. Rejects when the port is taken. */
export async function startGateway(setting: GatewaySetting): Promise<Gateway> {
  const router = setting.api.then(({ routes }) => createRouter(routes));
  // Requests that wait for the API fail with it; without one, it is no crash.
  router.catch(() => undefined);
  const server = createServer({ maxHeaderSize: headLimit }, (request, response) => {
    const requestId = `${randomBytes(11).toString('base64url')}=`;
    respond(request, requestId)
      .catch(() => plain(500, 'Internal Server Error'))
      .then((sent) => send(response, sent, requestId))
      .catch(() => response.destroy());
  });
  const { port } = await listen(server, setting.port);

  async function respond(request: IncomingMessage, requestId: string): Promise<WireResponse> {
    const { method = '', url: target = '' } = request;
    const path = decodePath(target);
    const body = await read(request);
    if (!isOwn(request.headers.host, port)) return plain(421, 'Misdirected Request');
    if (isForeignWrite(request))
      return plain(403, 'Pages of another origin may only read: this request changed nothing.');
    if (path === undefined) return plain(400, 'Bad Request');
    if (body === undefined) return plain(413, 'Request Entity Too Large');
    if (method === 'GET' || method === 'HEAD') {
      const file = setting.files?.get(path);
      // Of a response to HEAD, node:http sends the headers alone.
      if (file !== undefined) return { status: 200, cookies: [], ...file };
    }
    const match = (await router)(method, path);
    if (match === undefined) return plain(404, 'Not Found');
    const now = Date.now();
    const traceId = `Root=1-${Math.floor(now / 1000).toString(16)}-${randomBytes(12).toString('hex')}`;
    const event = toEvent(
      {
        method,
        target,
        protocol: `HTTP/${request.httpVersion}`,
        headers: request.headersDistinct,
        body,
        sourceIp: request.socket.remoteAddress ?? '',
      },
      match,
      { accountId: setting.accountId, apiId: 'local', port, requestId, traceId, now },
    );
    if (event === undefined) return plain(400, 'Bad Request');
    const { invoke } = await setting.api;
    const { functionName, timeoutMs } = match.route;
    return await withLimit(timeoutMs, invoke(functionName, JSON.stringify(event), traceId).then(toResponse));
  }

  return {
    url: `http://127.0.0.1:${port}`,
    stop: () => unlisten(server),
  };
}

/** A foreign name that resolves to this machine would let its page read what is here (DNS rebinding). */
function isOwn(host: string | undefined, port: number): boolean {
  const names = ['127.0.0.1', 'localhost', '[::1]'];
  // A browser leaves port 80 out.
  return names.some((name) => host === `${name}:${port}` || (host === name && port === 80));
}

/**
 * A page of another origin can send a write without a preflight request, but cannot leave out where it comes from. Clients
 * that are not browsers send neither header.
 */
function isForeignWrite({ method, headers }: IncomingMessage): boolean {
  if (method === 'GET' || method === 'HEAD') return false;
  const { origin, host, 'sec-fetch-site': site = 'none' } = headers;
  return !['none', 'same-origin'].includes(`${site}`) || (origin !== undefined && origin !== `http://${host}`);
}

function toResponse(outcome: Outcome): WireResponse {
  switch (outcome.kind) {
    case 'returned':
      return fromResult(outcome.payload) ?? plain(500, 'Internal Server Error');
    case 'failed':
      return plain(500, 'Internal Server Error');
    case 'throttled':
      return plain(503, 'Service Unavailable');
    case 'too_large':
      return plain(413, 'Request Entity Too Large');
  }
}

/** The gateway stops waiting at the integration's limit; the function is not notified. */
async function withLimit(milliseconds: number, responded: Promise<WireResponse>): Promise<WireResponse> {
  const limit = new AbortController();
  const late = sleep(milliseconds, plain(503, 'Service Unavailable'), { signal: limit.signal });
  try {
    return await Promise.race([responded, late]);
  } finally {
    limit.abort();
  }
}

/** Undefined when it is over the limit; the rest is read and dropped, so that the client receives the response. */
async function read(request: IncomingMessage): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request) {
    const bytes = Buffer.from(chunk);
    size += bytes.length;
    if (size <= bodyLimit) chunks.push(bytes);
  }
  return size > bodyLimit ? undefined : Buffer.concat(chunks);
}

/** The gateway's own response. */
function plain(status: number, message: string): WireResponse {
  return json(status, Buffer.from(JSON.stringify({ message })));
}

function json(status: number, body: Buffer): WireResponse {
  return { status, headers: { 'content-type': 'application/json' }, cookies: [], body };
}

function send(response: ServerResponse, { status, headers, cookies, body }: WireResponse, requestId: string): void {
  response.writeHead(status, {
    ...headers,
    'content-length': body.length,
    'apigw-requestid': requestId,
    ...(cookies.length === 0 ? {} : { 'set-cookie': [...cookies] }),
  });
  response.end(body);
}
