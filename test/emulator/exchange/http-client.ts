import { createHmac, randomUUID } from 'node:crypto';
import { type Agent, request } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { defaultKey, type Exchange } from './server.ts';

type RequestOptions = {
  readonly params?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  /** JSON text. */
  readonly id?: string;
  /** The body's method, when it is not the path's. */
  readonly method?: string;
  /** The whole body, instead of all of the above. */
  readonly body?: string;
  readonly agent?: Agent;
};

type HttpResponse = {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
  readonly bytes: Buffer;
};

/** One POST, as the dialect wants it unless `question` says otherwise. */
export function post(exchange: Exchange, path: string, question: RequestOptions = {}): Promise<HttpResponse> {
  const { id = '1', params = {}, method = exchange.dialect === 'orangex' ? `/${path}` : path } = question;
  const call = `{"jsonrpc":"2.0","id":${id},"method":${JSON.stringify(method)},"params":${JSON.stringify(params)}}`;
  return send('POST', `${exchange.url}/${path}`, question.headers ?? {}, question.body ?? call, question.agent);
}

export function get(
  exchange: Exchange,
  path: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<HttpResponse> {
  return send('GET', `${exchange.url}/${path}`, headers, '');
}

/** Plain node:http: no redirect is followed, nothing is inflated, nothing is retried. */
export async function send(
  method: string,
  url: string,
  headers: Readonly<Record<string, string>>,
  body: string,
  agent?: Agent,
): Promise<HttpResponse> {
  const { promise, resolve, reject } = Promise.withResolvers<HttpResponse>();
  const outgoing = request(url, { method, headers, ...(agent ? { agent } : { agent: false }) }, (response) => {
    buffer(response).then((bytes) => {
      resolve({ status: response.statusCode ?? 0, headers: response.headers, text: bytes.toString('utf8'), bytes });
    }, reject);
  });
  outgoing.on('error', reject);
  outgoing.end(body);
  return promise;
}

/** The access token of a fresh login. */
export async function login(exchange: Exchange, scope = 'session:test', agent?: Agent): Promise<string> {
  const reply = await post(exchange, 'public/auth', {
    params: { ...credentials, scope },
    ...(agent ? { agent } : {}),
  });
  return fieldOf(reply.text, 'access_token');
}

export const credentials = {
  grant_type: 'client_credentials',
  client_id: defaultKey.clientId,
  client_secret: defaultKey.clientSecret,
};

/** The text of a string field, wherever it stands. */
export function fieldOf(json: string, name: string): string {
  const found = new RegExp(`"${name}":"([^"]*)"`).exec(json)?.[1];
  if (found === undefined) throw new Error(`No ${name} in ${json}`);
  return found;
}

/** Requests an order with a new token. */
export async function requestOrder(
  exchange: Exchange,
  orderId: string,
  question: RequestOptions = {},
): Promise<HttpResponse> {
  const headers = { authorization: `bearer ${await login(exchange)}`, ...question.headers };
  return post(exchange, 'private/get_order_state', { params: { order_id: orderId }, ...question, headers });
}

type Signing = {
  readonly id?: string;
  readonly secret?: string;
  readonly ts?: number | string;
  readonly nonce?: string;
};

/** deribit's header for one request. */
export function signed(method: string, uri: string, body: string, signing: Signing = {}): string {
  const { id = defaultKey.clientId, secret = defaultKey.clientSecret, ts = Date.now(), nonce = randomUUID() } = signing;
  const sig = createHmac('sha256', secret).update(`${ts}\n${nonce}\n${method}\n${uri}\n${body}\n`).digest('hex');
  return `deri-hmac-sha256 id=${id},ts=${ts},nonce=${nonce},sig=${sig}`;
}
