import { createServer } from 'node:http';
import * as z from 'zod/mini';
import { AccountList } from '../../../lib/api/account-responses.ts';
import { ChangedWatch, CheckedOrder, History, OrderList } from '../../../lib/api/responses.ts';
import { listen, unlisten } from '../../emulator/listen.ts';
import { accountsOf, asOf, entriesOf, historyOf, type Known, ordersOf } from './console-orders.ts';

/** A stage as the console sees it: its API over HTTP, with orders of every status. Times are those of the fixture's now. */
export type ConsoleFixture = {
  readonly url: string;
  /** The method and the path of each request, in their order. */
  readonly requests: string[];
  /** From now on nothing is answered, or everything is again. */
  readonly lose: (lost: boolean) => void;
  /** Whether it knows GET /accounts, which a stack that was deployed long ago does not. */
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
  const api = createFixtureApi(now);
  const server = createServer((request, response) => {
    const { method = '', url: target = '', headers } = request;
    requests.push(`${method} ${target}`);
    if (lost) return void response.destroy();
    if (method !== 'GET') stopped = method === 'DELETE';
    if (target.includes(`${behindOrder}?`)) isBehind = false;
    const { pathname, searchParams } = new URL(target, 'http://fixture');
    const body =
      pathname === '/accounts' && !listsAccounts ? undefined : api(pathname, searchParams, { stopped, isBehind });
    const etag = /\/orders\/[^/]+$/.test(pathname) ? 'W/"fixture"' : undefined;
    const isSame = etag !== undefined && headers['if-none-match'] === etag;
    response.writeHead(body === undefined ? 404 : isSame ? 304 : 200, {
      'content-type': 'application/json',
      ...(etag !== undefined && { etag, age: '3' }),
    });
    response.end(isSame ? undefined : (body ?? '{"message":"Not Found"}'));
  });
  const { port } = await listen(server, 0);
  return {
    url: `http://127.0.0.1:${port}`,
    requests,
    lose: (is) => {
      lost = is;
    },
    listAccounts: (are) => {
      listsAccounts = are;
    },
    stop: () => unlisten(server),
  };
}

/** As the API sends it: what the schema does not declare does not leave. */
function written(schema: z.ZodMiniType, body: unknown): string {
  return JSON.stringify(z.parse(schema, body));
}

/** What each path answers; responses pass the API's own schemas. */
function createFixtureApi(now: number) {
  const iso = (ago: number) => new Date(now - ago).toISOString();
  const known = ordersOf();
  const listed = ({ id, status, fields, age }: Known) => ({
    order_id: id,
    status,
    ...(status === 'missing' && { looked_up_at: iso(39_000) }),
    ...(status === 'final' ? { closed_at: iso(age * 1_000) } : { due_at: iso(-minute) }),
    opened_at: iso(30 * minute),
    checked_at: iso(age * 1_000),
    age_seconds: age,
    ...fields,
  });
  const lists: Readonly<Record<string, readonly Known[]>> = Object.groupBy(known, ({ status }) =>
    status === 'watched' ? 'live' : status === 'final' ? 'final' : 'attention',
  );

  return (path: string, query: URLSearchParams, { stopped, isBehind }: Moment): string | undefined => {
    if (path === '/accounts') return written(AccountList, { accounts: accountsOf(iso) });
    if (path === '/accounts/main/orders') {
      const state = query.get('state') ?? '';
      const from = Number(query.get('cursor') ?? 0);
      const to = from + Number(query.get('limit'));
      const all = lists[state] ?? [];
      const orders = all.slice(from, to).map(listed);
      const page = { account: 'main', state, orders, ...(to < all.length && { cursor: String(to) }) };
      return written(OrderList, page);
    }
    const [, id = '', rest] = /^\/accounts\/main\/orders\/([\w-]+)(\/.*)?$/.exec(path) ?? [];
    const order = known.find((each) => each.id === id);
    if (order === undefined) return undefined;
    const all = historyOf(order, now);
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
    // Digits that a browser's own numbers would change.
    return written(History, page).replaceAll('"7.10-exact"', '7.10');
  };
}
