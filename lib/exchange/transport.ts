import type { IncomingMessage } from 'node:http';
import * as https from 'node:https';
import { pipeline, type Readable } from 'node:stream';
import type { Clock } from '../clock.ts';
import { Failure } from '../errors.ts';

/** One POST. `deadline` (epoch ms) bounds connecting, TLS, headers and body together. */
export type HttpRequest = {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly deadline: number;
  /** Takes part of the reply as it arrives, for replies that are too large to hold. */
  readonly stream?: ReplyStream | undefined;
};

export type ReplyStream = {
  /** The reply's maximum size in decoded bytes, instead of the default for one order. */
  readonly maxBytes: number;
  /** Takes the next piece of the reply's text and returns what to keep in `body`. */
  readonly take: (piece: string) => string;
};

export type HttpReply = {
  readonly status: number;
  /** The reply's Retry-After, milliseconds from now. */
  readonly retryAfterMs?: number | undefined;
  readonly body: string;
  /** The reply is not to this request: its connection is not used again. */
  readonly dropConnection?: () => void;
};

/**
 * The port for bytes. Throws `Failure`: `timeout`, `unreachable`, `connection_lost` (a kept-alive socket turned out to
 * be dead before any byte of a reply), `invalid_response` (not an HTTP reply), `request_rejected` (an invalid URL).
 */
export type Transport = (request: HttpRequest) => Promise<HttpReply>;

export type HttpTransport = Transport & { readonly close: () => void };

/** Decoded bytes of a reply; the largest order is under 4 KiB. */
const maxReplyBytes = 256 * 1024;
/** Of all accounts: Deribit allows 32 connections per IP address. */
export const maxSockets = 32;

// `import 'node:http'` would load undici through the module's namespace: 35 ms of a cold start, wasted.
const http = process.getBuiltinModule('node:http');

/** The port's only real implementation: node's own client, keep-alive. `ca`: trusted certificates (PEM), for tests. */
export function createHttpTransport(deps: { readonly clock: Clock; readonly ca?: string }): HttpTransport {
  const { clock, ca } = deps;
  const options = { keepAlive: true, maxSockets, ca };
  const plainAgent = new http.Agent(options);
  const tlsAgent = new https.Agent(options);

  /** If one idle socket died (the Lambda was frozen), the others did, too: the retry must get a new one. */
  const dropIdleSockets = (): void => {
    for (const agent of [plainAgent, tlsAgent]) {
      for (const socket of Object.values(agent.freeSockets).flat()) socket?.destroy();
    }
  };

  const transport = async (post: HttpRequest): Promise<HttpReply> => {
    const url = checkedUrl(post.url);
    const left = post.deadline - clock.now();
    const timedOut = () => new Failure('timeout', `${url.host} did not respond in time.`);
    if (left <= 0) throw timedOut();
    return new Promise((resolve, reject) => {
      const headers = {
        ...post.headers,
        accept: 'application/json',
        'accept-encoding': 'identity',
        'content-type': 'application/json',
        'content-length': Buffer.byteLength(post.body),
        'user-agent': 'order-state-snapshots',
      };
      const [client, agent] = url.protocol === 'https:' ? [https, tlsAgent] : [http, plainAgent];
      const request = client.request(url, { method: 'POST', headers, agent });
      const end = (thrown: unknown): void => {
        clearTimeout(timer);
        reject(thrown);
        request.destroy();
      };
      const timer = setTimeout(() => end(timedOut()), left);

      let silent = () => true;
      request.on('socket', (socket) => {
        const before = socket.bytesRead;
        silent = () => socket.bytesRead === before;
      });
      request.on('error', (error) => {
        const failure = failureOf(error, url.host, { silent: silent(), reused: request.reusedSocket });
        if (failure.code === 'connection_lost') dropIdleSockets();
        end(failure);
      });
      request.on('response', (response) => {
        receiveReply(response, { host: url.host, clock, stream: post.stream }).then((reply) => {
          clearTimeout(timer);
          resolve({ ...reply, dropConnection: () => request.socket?.destroy() });
        }, end);
      });
      request.end(post.body);
    });
  };

  const close = (): void => {
    plainAgent.destroy();
    tlsAgent.destroy();
  };
  return Object.assign(transport, { close });
}

function checkedUrl(text: string): URL {
  const url = URL.parse(text);
  if (url === null) throw new Failure('request_rejected', "The exchange's base URL is not a valid URL.");
  const plain = url.protocol === 'http:' && /^(localhost|\[::1\]|127(\.\d+){3})$/.test(url.hostname);
  if (url.protocol === 'https:' || plain) return url;
  throw new Failure('request_rejected', `${url.host} requires https: plain http is for loopback addresses only.`);
}

/** Only the code of node's error is kept: its parse errors contain the bytes that could not be parsed. */
function failureOf({ code }: NodeJS.ErrnoException, host: string, seen: { silent: boolean; reused: boolean }): Failure {
  if (!seen.silent) return new Failure('invalid_response', `${host} did not send a complete HTTP response (${code}).`);
  if (seen.reused) return new Failure('connection_lost', `${host} had closed the connection (${code}).`);
  return new Failure('unreachable', `${host} cannot be reached (${code}).`);
}

/** What servers write when there is no encoding. */
const plainEncodings: ReadonlySet<string> = new Set(['', 'identity', 'none', 'utf-8', 'utf8']);

/** Not requested, but some gateways compress anyway. */
const compressedEncodings: ReadonlySet<string> = new Set(['gzip', 'deflate']);

/** The size limit of a reply applies to the inflated bytes. */
function inflated(response: IncomingMessage): Readable {
  // Loaded only then; it recognizes both encodings.
  return pipeline(response, process.getBuiltinModule('node:zlib').createUnzip(), () => {});
}

type Reading = { readonly host: string; readonly clock: Clock; readonly stream: ReplyStream | undefined };

async function receiveReply(response: IncomingMessage, { host, clock, stream }: Reading): Promise<HttpReply> {
  const status = response.statusCode ?? 0;
  if (status >= 300 && status < 400) {
    throw new Failure('invalid_response', `${host} returned a redirect (HTTP ${status}), which is never followed.`);
  }
  const encoding = (response.headers['content-encoding'] ?? '').trim().toLowerCase();
  const isCompressed = compressedEncodings.has(encoding);
  if (!isCompressed && !plainEncodings.has(encoding)) {
    throw new Failure('invalid_response', `${host} used a content encoding that was not requested.`);
  }
  const body = await receiveBody(isCompressed ? inflated(response) : response, host, stream ?? wholeBody);
  const retryAfterMs = readRetryAfter(response.headers['retry-after'], clock.now());
  return { status, body, retryAfterMs };
}

/** Without a stream: everything stays in the body. */
const wholeBody: ReplyStream = { maxBytes: maxReplyBytes, take: (piece) => piece };

async function receiveBody(response: Readable, host: string, { maxBytes, take }: ReplyStream): Promise<string> {
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  const unusable = (what: string) => new Failure('invalid_response', `${host} ${what}.`);
  const decode = (bytes?: Uint8Array): string => {
    try {
      return decoder.decode(bytes, { stream: bytes !== undefined });
    } catch {
      throw unusable('sent text that is not UTF-8');
    }
  };
  let body = '';
  let size = 0;
  try {
    for await (const chunk of response) {
      size += chunk.length;
      if (size > maxBytes) throw unusable(`sent more than ${maxBytes} bytes`);
      body += take(decode(chunk));
      if (body.length > maxReplyBytes) throw unusable(`sent more than ${maxReplyBytes} bytes besides the rows`);
    }
  } catch (thrown) {
    throw thrown instanceof Failure ? thrown : unusable('closed the connection within its reply');
  }
  return body + take(decode());
}

/** Milliseconds from `now`, read from seconds or an HTTP date; `undefined` for anything else. */
function readRetryAfter(header: string | undefined, now: number): number | undefined {
  if (header === undefined) return undefined;
  if (/^\d+$/.test(header)) return Number(header) * 1000;
  const date = / GMT$/.test(header) ? Date.parse(header) : Number.NaN;
  return Number.isNaN(date) ? undefined : Math.max(0, date - now);
}
