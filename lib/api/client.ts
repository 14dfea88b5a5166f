import * as z from 'zod/mini';
import { parseJson } from '../exchange/json.ts';
import { type CheckedOrder, GatewayError, Problem } from './responses.ts';
import { type Operation, type Route, routes } from './routes.ts';

/** All requests except the exchange's own two, which are for the exchange's clients. */
type Own = Exclude<Operation, 'getOrderState' | 'callGetOrderState'>;
type BodyOf<R> = R extends { readonly body: infer Body extends z.ZodMiniObject } ? z.output<Body> : unknown;
type ParametersOf<R extends Route> = z.output<R['parameters']> & BodyOf<R>;

/** A request's parameters and the members of its body. */
export type RequestOf<O extends Own> = ParametersOf<(typeof routes)[O]>;
export type ResponseOf<O extends Own> = z.output<(typeof routes)[O]['response']>;

export type Client = { readonly [O in Own]: (request: RequestOf<O>) => Promise<ResponseOf<O>> } & {
  /** The order, or `undefined` while it is still in the state of this rank. */
  readonly getOrderUnless: (
    rank: string,
    request: RequestOf<'getOrder'>,
  ) => Promise<ResponseOf<'getOrder'> | undefined>;
};

export type ClientRequest = {
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
};

export type ClientSetting = {
  /** The API's base URL, such as the output Url of the stack. */
  readonly url: string;
  /** Sends the request, signed where the API requires it. Default: the platform's `fetch`, which does not sign. */
  readonly fetch?: ((url: string, request: ClientRequest) => Promise<Response>) | undefined;
};

/** Why a request failed. `code` is the error code for programs, or `gateway` if no function of this API responded. */
export class ApiProblem extends Error {
  override readonly name = 'ApiProblem';
  readonly status: number;
  readonly code: string;
  /** How long to wait before trying again. */
  readonly retryAfterSeconds: number | undefined;
  readonly requestId: string | undefined;
  /** The parameters that are wrong. */
  readonly parameters: readonly string[];
  /** The exchange's own number for the error. */
  readonly exchangeCode: number | undefined;
  /** The last snapshot of an order that the exchange no longer finds: it is missing, not closed. */
  readonly lastKnown: CheckedOrder | undefined;
  /** When the exchange's histories were last searched for the missing order, and when they are next; ISO 8601. */
  readonly lookedUpAt: string | undefined;
  readonly nextLookAt: string | undefined;

  constructor({ status, headers }: Response, problem: Pick<Problem, 'code' | 'detail'> & Partial<Problem>) {
    super(problem.detail);
    const retryAfter = headers.get('retry-after');
    this.status = status;
    this.code = problem.code;
    this.retryAfterSeconds = retryAfter !== null && /^\d+$/.test(retryAfter) ? Number(retryAfter) : undefined;
    this.requestId = problem.request_id;
    this.parameters = problem.parameters ?? [];
    this.exchangeCode = problem.exchange_code;
    this.lastKnown = problem.last_known;
    this.lookedUpAt = problem.looked_up_at;
    this.nextLookAt = problem.next_look_at;
  }
}

/**
 * A client of this API, typed by the schemas that the API checks requests and responses with. Digits are exact:
 * quantities are decimal strings, numbers within `details` and `changes` are lossless-json's. Methods throw `ApiProblem`,
 * or whatever `fetch` throws.
 */
export function createClient({ url, fetch = globalThis.fetch }: ClientSetting): Client {
  async function send(
    route: Route,
    request: object,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<Response> {
    const inBody = Object.entries(request).filter(([name]) => route.body !== undefined && name in route.body.shape);
    const inUrl = Object.entries(request).filter(([name]) => name in route.parameters.shape);
    const query = new URLSearchParams();
    let path: string = route.path;
    for (const [name, value] of inUrl) {
      // The gateway decodes a path before it looks for the route, so a slash in a parameter has to be encoded twice.
      const inPath = path.replace(`{${name}}`, () => encodeURIComponent(encodeURIComponent(value)));
      if (inPath === path && value !== undefined) query.set(name, String(value));
      path = inPath;
    }
    const target = `${url.replace(/\/+$/, '')}${path}${query.size > 0 ? `?${query}` : ''}`;
    return fetch(target, {
      method: route.method,
      headers: { accept: 'application/json', ...(route.body && { 'content-type': 'application/json' }), ...headers },
      ...(route.body && { body: JSON.stringify(Object.fromEntries(inBody)) }),
    });
  }

  async function call<R extends Route>(route: R, request: ParametersOf<R>): Promise<z.output<R['response']>> {
    return read<R['response']>(route.response, await send(route, request));
  }

  return {
    listAccounts: (request) => call(routes.listAccounts, request),
    getAccount: (request) => call(routes.getAccount, request),
    getOrder: (request) => call(routes.getOrder, request),
    checkOrders: (request) => call(routes.checkOrders, request),
    listOrders: (request) => call(routes.listOrders, request),
    listSnapshots: (request) => call(routes.listSnapshots, request),
    startWatch: (request) => call(routes.startWatch, request),
    stopWatch: (request) => call(routes.stopWatch, request),
    getOrderUnless: async (rank, request) => {
      const response = await send(routes.getOrder, request, { 'if-none-match': `W/"${rank}"` });
      return response.status === 304 ? undefined : read(routes.getOrder.response, response);
    },
  };
}

/** Every page of a list from `request` on: `for await (const page of pages(client.listOrders, { account, state }))`. */
export async function* pages<
  Request extends { readonly cursor?: string | undefined },
  Page extends { readonly cursor?: string | undefined },
>(list: (request: Request) => Promise<Page>, request: Request): AsyncGenerator<Page, void> {
  let page = await list(request);
  yield page;
  while (page.cursor !== undefined) {
    page = await list({ ...request, cursor: page.cursor });
    yield page;
  }
}

async function read<Schema extends z.ZodMiniObject>(schema: Schema, response: Response): Promise<z.output<Schema>> {
  const given = parsed(await response.text());
  const problem = z.safeParse(Problem, given);
  if (problem.success) throw new ApiProblem(response, problem.data);
  const body = z.safeParse(schema, given);
  if (response.ok && body.success) return body.data;
  const { data: { message } = {} } = z.safeParse(GatewayError, given);
  const said = message === undefined ? response.status : `${response.status} ${message}`;
  const detail = `No function of this API responded (${said}). 403: sign the request. 404: check the URL. 429 and 503: try later.`;
  throw new ApiProblem(response, { code: 'gateway', detail });
}

/** `undefined` when the text is not JSON. */
function parsed(text: string): unknown {
  try {
    return parseJson(text);
  } catch {
    return undefined;
  }
}
