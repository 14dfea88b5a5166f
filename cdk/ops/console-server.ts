import { randomBytes, timingSafeEqual } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { ClientSetting } from '../../lib/api/client.ts';
import { routes } from '../../lib/api/routes.ts';
import { orderIdPattern } from '../../lib/exchange/order.ts';
import { accountPattern } from '../../lib/stage/stage.ts';
import type { ConsoleFiles } from './console-files.ts';

type ConsoleSetting = {
  readonly files: ConsoleFiles;
  /** Base URL of the API. */
  readonly url: string;
  /** Sends a request to the API, signed where the API requires it. */
  readonly fetch: NonNullable<ClientSetting['fetch']>;
  /** 0 takes a free one. */
  readonly port: number;
};

export type ConsoleServer = {
  /** With the token after the `#`: browsers do not send that part to any server. */
  readonly url: string;
  readonly stop: () => Promise<void>;
};

type ConsoleReply = {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
};

/** The header in which the page sends the token. A page of another origin cannot set it. */
export const tokenHeader = 'x-console-token';
const apiTimeoutMs = 30_000;

/** What is forwarded: what reads the table, and the watch of an order. */
const { listAccounts, getAccount, listOrders, listSnapshots, getOrder, startWatch, stopWatch } = routes;
const forwarded: readonly RequestPattern[] = [
  ...[listAccounts, getAccount, listOrders, listSnapshots, startWatch, stopWatch].map(patternOf),
  // Without a maximum age it would call the exchange.
  { ...patternOf(getOrder), query: '?max_age=999999' },
];

/**
 * Serves the console on 127.0.0.1, and forwards its requests to the API. Only for requests that carry the token, and only
 * under the server's own address: a foreign name that resolves to this machine is refused. Rejects when the port is taken.
 */
export async function startConsoleServer({ files, url, fetch, port }: ConsoleSetting): Promise<ConsoleServer> {
  const token = randomBytes(32).toString('base64url');
  let hosts: readonly string[] = [];
  const server = createServer({ maxHeaderSize: 16_384 }, (request, response) => {
    request.resume();
    reply(request)
      .catch(() =>
        problem(502, 'console_unreachable', 'The API cannot be reached, or the AWS credentials have expired.'),
      )
      .then((replied) => send(response, request.method === 'HEAD' ? { ...replied, body: Buffer.alloc(0) } : replied))
      .catch(() => response.destroy());
  });
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const listening = typeof address === 'object' && address !== null ? address.port : port;
  hosts = ['127.0.0.1', 'localhost', '[::1]'].map((name) => `${name}:${listening}`);

  async function reply(request: IncomingMessage): Promise<ConsoleReply> {
    const { method = '', url: target = '', headers } = request;
    if (!hosts.includes(headers.host ?? ''))
      return problem(421, 'console_host', 'This is not the address of the console.');
    const file = files.get(target.replace(/\?.*$/, ''));
    if (file !== undefined) {
      if (method === 'GET' || method === 'HEAD') return { status: 200, ...file };
      return problem(405, 'console_method', 'The console is only read.');
    }
    if (!isToken(headers[tokenHeader])) {
      return problem(401, 'console_token', 'Open the console with the whole address that the terminal shows.');
    }
    if (!isForwarded(method, target))
      return problem(403, 'console_forbidden', 'The console does not forward this request.');
    return forward(method, target, headers['if-none-match']);
  }

  async function forward(method: string, target: string, ifNoneMatch: string | undefined): Promise<ConsoleReply> {
    const sent = { accept: 'application/json', ...(ifNoneMatch !== undefined && { 'if-none-match': ifNoneMatch }) };
    const late = AbortSignal.timeout(apiTimeoutMs);
    const response = await Promise.race([
      fetch(`${url.replace(/\/+$/, '')}${target}`, { method, headers: sent }),
      new Promise<never>((_resolve, reject) => late.addEventListener('abort', () => reject(late.reason))),
    ]);
    const kept = ['content-type', 'date', 'etag', 'age', 'retry-after'].flatMap((name) => {
      const value = response.headers.get(name);
      return value === null ? [] : [[name, value] as const];
    });
    const body = Buffer.from(await response.arrayBuffer());
    return { status: response.status, headers: { ...Object.fromEntries(kept), 'cache-control': 'no-store' }, body };
  }

  function isToken(given: string | readonly string[] | undefined): boolean {
    const [expected, found] = [Buffer.from(token), Buffer.from(typeof given === 'string' ? given : '')];
    return found.length === expected.length && timingSafeEqual(found, expected);
  }

  return {
    url: `http://127.0.0.1:${listening}/#token=${token}`,
    stop: async () => {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
    },
  };
}

/** Requests of one route: its method, and what its path looks like once the names in it are filled in. */
type RequestPattern = { readonly method: string; readonly path: RegExp; readonly query?: string };

function patternOf({ method, path }: { readonly method: string; readonly path: string }): RequestPattern {
  const segments = { account: accountPattern, order_id: orderIdPattern };
  const filled = Object.entries(segments).reduce(
    (text, [name, { source }]) => text.replace(`{${name}}`, source.replace(/^\^|\$$/g, '')),
    path,
  );
  return { method, path: new RegExp(`^${filled}$`) };
}

function isForwarded(method: string, target: string): boolean {
  const base = 'http://api';
  const parsed = URL.parse(target, base);
  // A path that fetch would resolve to a different one, such as one with `..`, does not match.
  if (parsed === null || parsed.origin !== base || `${parsed.pathname}${parsed.search}` !== target) return false;
  return forwarded.some(
    (each) =>
      each.method === method &&
      each.path.test(parsed.pathname) &&
      (each.query === undefined || each.query === parsed.search),
  );
}

function problem(status: number, code: string, detail: string): ConsoleReply {
  return {
    status,
    headers: { 'content-type': 'application/problem+json', 'cache-control': 'no-store' },
    body: Buffer.from(JSON.stringify({ status, code, title: detail, detail })),
  };
}

function send(response: ServerResponse, { status, headers, body }: ConsoleReply): void {
  response.writeHead(status, { 'x-content-type-options': 'nosniff', ...headers });
  response.end(status === 304 ? undefined : body);
}
