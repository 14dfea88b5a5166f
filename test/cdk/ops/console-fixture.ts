import { createServer } from 'node:http';
import * as z from 'zod/mini';
import { AccountList, AccountOverview } from '../../../lib/api/account-responses.ts';
import { ChangedWatch, CheckedOrder, History, OrderList } from '../../../lib/api/responses.ts';
import { listen, unlisten } from '../../emulator/listen.ts';
import { accountsOf, asOf, type ConsoleOrder, entriesOf, historyOf, ordersOf } from './console-orders.ts';

/** A stage as the console sees it: its API over HTTP, with orders of every status. Times are those of the fixture's now. */
export type ConsoleFixture = {
  readonly url: string;
  /** The method and the path of each request, in their order. */
  readonly requests: string[];
  /** From now on no request gets a response, or each does again. */
  readonly lose: (lost: boolean) => void;
  /** All that it knows; what is added is listed from then on. */
  readonly orders: ConsoleOrder[];
  /** Whether it knows GET /accounts and GET /accounts/{account}, which a stack that was deployed long ago does not. */
  readonly listAccounts: (known: boolean) => void;
  readonly stop: () => Promise<void>;
};

type Moment = { readonly stopped: boolean; readonly isBehind: boolean };

/** Its end becomes known while the console reads it: between its history and its own request. */
export const behindOrder = '39100000000262145';

const minute = 60_000;

/** Starts the API of the fixture. `now` in milliseconds since the Unix epoch. */
export async function startConsoleFixture(now: number): Promise<ConsoleFixture> {
  const requests: string[] = [];
  let lost = false;
  let listsAccounts = true;
  let isBehind = true;
  let stopped = false;
  const orders = [...ordersOf()];
  const api = createFixtureApi(now, orders);
  const server = createServer((request, response) => {
    const { method = '', url: target = '', headers } = request;
    requests.push(`${method} ${target}`);
    if (lost) return void response.destroy();
    if (method !== 'GET') stopped = method === 'DELETE';
    if (target.includes(`${behindOrder}?`)) isBehind = false;
    const { pathname, searchParams } = new URL(target, 'http://fixture');
    const isDenied = !listsAccounts && pathname === '/accounts';
    const { status, body } = isDenied ? denial : api(pathname, searchParams, { stopped, isBehind });
    const etag = status === 200 && /\/orders\/[^/]+$/.test(pathname) ? 'W/"fixture"' : undefined;
    const isSame = etag !== undefined && headers['if-none-match'] === etag;
    response.writeHead(isSame ? 304 : status, {
      'content-type': 'application/json',
      ...(etag !== undefined && { etag, age: '3' }),
    });
    response.end(isSame ? undefined : body);
  });
  const { port } = await listen(server, 0);
  return {
    url: `http://127.0.0.1:${port}`,
    requests,
    orders,
    lose: (is) => {
      lost = is;
    },
    listAccounts: (are) => {
      listsAccounts = are;
    },
    stop: () => unlisten(server),
  };
}

type ApiResponse = { readonly status: number; readonly body: string };

/** The gateway's own, when IAM denies the call. */
const denial: ApiResponse = { status: 403, body: '{"message":"Forbidden"}' };
const gatewayError: ApiResponse = { status: 404, body: '{"message":"Not Found"}' };

/** As the API sends it: what the schema does not declare does not leave. */
function written(schema: z.ZodMiniType, body: unknown): ApiResponse {
  return { status: 200, body: JSON.stringify(z.parse(schema, body)) };
}

function unknownAccount(account: string): ApiResponse {
  const detail = `This stage has no account ${account}; its accounts are in the stage table.`;
  return { status: 404, body: JSON.stringify({ code: 'unknown_account', detail }) };
}

/** What each path returns; responses pass the API's own schemas. Only account main has orders. */
function createFixtureApi(now: number, known: readonly ConsoleOrder[]) {
  const iso = (ago: number) => new Date(now - ago).toISOString();

  function listOf(account: string, query: URLSearchParams): ApiResponse {
    const state = query.get('state') ?? '';
    const from = Number(query.get('cursor') ?? 0);
    const to = from + Number(query.get('limit'));
    const all = account === 'main' ? known.filter(({ status }) => listNamed(status) === state) : [];
    const orders = all.slice(from, to).map((order) => listed(order, iso));
    return written(OrderList, { account, state, orders, ...(to < all.length && { cursor: String(to) }) });
  }

  return (path: string, query: URLSearchParams, { stopped, isBehind }: Moment): ApiResponse => {
    const accounts = accountsOf(iso);
    const [, account, id, rest] = /^\/accounts(?:\/([\w-]+)(?:\/orders(?:\/([\w.-]+)(\/.*)?)?)?)?$/.exec(path) ?? [];
    if (account === undefined) return path === '/accounts' ? written(AccountList, { accounts }) : gatewayError;
    const overview = accounts.find((each) => each.account === account);
    if (overview === undefined) return unknownAccount(account);
    if (id === undefined) return path.endsWith('/orders') ? listOf(account, query) : written(AccountOverview, overview);
    const order = account === 'main' ? known.find((each) => each.id === id) : undefined;
    if (order === undefined) return written(History, { account, order_id: id, snapshots: [], audit_entries: [] });
    const all = order.status === 'unconfirmed' ? [] : historyOf(order, now);
    const history = id === behindOrder && isBehind ? all.slice(1) : all;
    if (rest === '/watch')
      return written(ChangedWatch, {
        account: 'main',
        order_id: id,
        watched: !stopped,
        status: stopped ? 'stopped' : 'watched',
      });
    if (rest === undefined)
      return written(CheckedOrder, {
        account: 'main',
        ...history[0],
        watched: true,
        source: 'snapshot',
        changed: false,
        checked_at: iso(3_000),
        age_seconds: 3,
      });
    const page = { account: 'main', order_id: id, ...asOf(history, query, entriesOf(order, iso, stopped)) };
    const { status, body } = written(History, page);
    // Digits that a browser's own numbers would change.
    return { status, body: body.replaceAll('"7.10-exact"', '7.10') };
  };
}

const listNamed = (status: string) =>
  status === 'watched' || status === 'unconfirmed' ? 'live' : status === 'final' ? 'final' : 'attention';

function listed({ id, status, fields, age }: ConsoleOrder, iso: (ago: number) => string) {
  return {
    order_id: id,
    status,
    ...(status === 'missing' && { looked_up_at: iso(39_000) }),
    ...(status === 'final' ? { closed_at: iso(age * 1_000) } : { due_at: iso(-minute) }),
    opened_at: iso(30 * minute),
    checked_at: iso(age * 1_000),
    age_seconds: age,
    ...fields,
  };
}
