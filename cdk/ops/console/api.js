/**
 * The public API, and nothing else. Shapes are those of its responses.
 *
 * @typedef {import('../../../lib/api/account-responses.ts').AccountOverview} AccountOverview
 * @typedef {import('../../../lib/api/responses.ts').CheckedOrder} CheckedOrder
 * @typedef {import('../../../lib/api/responses.ts').OrderList} OrderList
 * @typedef {import('../../../lib/api/responses.ts').ListedOrder} ListedOrder
 * @typedef {import('../../../lib/api/responses.ts').History} History
 * @typedef {import('../../../lib/api/responses.ts').SnapshotRow} SnapshotRow
 * @typedef {import('../../../lib/api/responses.ts').AuditEntry} AuditEntry
 */

/** A response that is no success; the message is for a person. */
export class ApiError extends Error {
  /** @param {number} status @param {string} code @param {string} detail */
  constructor(status, code, detail) {
    super(detail);
    this.status = status;
    this.code = code;
  }
}

/** @typedef {{ lostSince: number | undefined, reachedAt: number | undefined }} Connection */
/** @type {Connection} */
let connection = { lostSince: undefined, reachedAt: undefined };
/** @type {Set<(connection: Connection) => void>} */
const watchers = new Set();

/** @param {(connection: Connection) => void} watcher */
export function onConnection(watcher) {
  watchers.add(watcher);
  watcher(connection);
  return () => void watchers.delete(watcher);
}

/** @param {boolean} reached */
function report(reached) {
  const now = Date.now();
  connection = reached
    ? { lostSince: undefined, reachedAt: now }
    : { ...connection, lostSince: connection.lostSince ?? now };
  for (const watcher of watchers) watcher(connection);
}

/** The token stands behind the # of the address, and stays with this tab. `npm start` needs none. */
function takeToken() {
  const [, given] = /^#token=([\w-]+)$/.exec(location.hash) ?? [];
  if (given !== undefined) {
    sessionStorage.setItem('token', given);
    history.replaceState(null, '', '/');
  }
  return sessionStorage.getItem('token');
}
const token = takeToken();

/** Whether this browser keeps numbers that are longer than its own. */
export const keepsDigits = typeof parse('{"n":1.10}')['n'] === 'string';

/**
 * JSON, every digit as it was written: a number that the browser would write otherwise stays text.
 * @param {string} text
 */
function parse(text) {
  return JSON.parse(text, (_key, value, /** @type {{ source?: string }[]} */ ...rest) => {
    const source = rest[0]?.source;
    return typeof value === 'number' && source !== undefined && String(value) !== source ? source : value;
  });
}

/** The latest body of each address that has an ETag. @type {Map<string, { etag: string, body: any }>} */
const known = new Map();

/**
 * @param {string} path @param {{ method?: string, signal?: AbortSignal }} [request]
 * @returns {Promise<{ body: any, changed: boolean, ageSeconds: number | undefined }>} `changed` is false for 304.
 */
async function send(path, { method = 'GET', signal } = {}) {
  const before = method === 'GET' ? known.get(path) : undefined;
  const headers = {
    accept: 'application/json',
    ...(token !== null && { 'x-console-token': token }),
    ...(before !== undefined && { 'if-none-match': before.etag }),
  };
  const response = await fetch(path, { method, headers, cache: 'no-store', ...(signal && { signal }) }).catch(
    (error) => {
      if (!signal?.aborted) report(false);
      throw error;
    },
  );
  const ageText = response.headers.get('age');
  const ageSeconds = ageText === null ? undefined : Number(ageText);
  const text = await response.text();
  // 502 of the console itself: the API behind it cannot be reached.
  const reached = !(response.status === 502 && text.includes('console_unreachable'));
  report(reached);
  if (response.status === 304 && before !== undefined) return { body: before.body, changed: false, ageSeconds };
  const body = bodyOf(response.status, text);
  const etag = response.headers.get('etag');
  if (etag !== null) {
    if (known.size >= 100) known.clear();
    known.set(path, { etag, body });
  }
  return { body, changed: true, ageSeconds };
}

/** @param {number} status @param {string} text */
function bodyOf(status, text) {
  let body;
  try {
    body = parse(text);
  } catch {
    throw new ApiError(status, 'gateway', `The response (HTTP ${status}) is not JSON.`);
  }
  if (status >= 200 && status < 300) return body;
  throw new ApiError(status, body?.code ?? 'gateway', body?.detail ?? body?.message ?? `HTTP ${status}`);
}

const part = encodeURIComponent;
/** @param {string} account @param {string} orderId */
const orderPath = (account, orderId) => `/accounts/${part(account)}/orders/${part(orderId)}`;

/** @param {AbortSignal} [signal] @returns {Promise<readonly AccountOverview[]>} */
export async function listAccounts(signal) {
  return (await send('/accounts', { ...(signal && { signal }) })).body.accounts;
}

/**
 * @param {string} account @param {'live' | 'attention' | 'final'} state @param {number} limit @param {string} [cursor]
 * @returns {Promise<OrderList>}
 */
export async function listOrders(account, state, limit, cursor) {
  const query = `state=${state}&limit=${limit}${cursor === undefined ? '' : `&cursor=${part(cursor)}`}`;
  return (await send(`/accounts/${part(account)}/orders?${query}`)).body;
}

/** All orders in need of attention, at most 500. @param {string} account */
export async function listAttention(account) {
  /** @type {ListedOrder[]} */
  const rows = [];
  let cursor;
  do {
    const page = await listOrders(account, 'attention', 100, cursor);
    rows.push(...page.orders);
    cursor = page.cursor;
  } while (cursor !== undefined && rows.length < 500);
  return rows;
}

/** From the table, as long as the latest check has confirmed the order. @param {string} account @param {string} orderId */
export async function getOrder(account, orderId) {
  const { body, changed, ageSeconds } = await send(`${orderPath(account, orderId)}?max_age=999999`);
  return { order: /** @type {CheckedOrder} */ (body), changed, ageSeconds };
}

/** The history, newest first, at most 500 states. @param {string} account @param {string} orderId */
export async function listSnapshots(account, orderId) {
  /** @type {SnapshotRow[]} */
  const rows = [];
  let cursor;
  do {
    const next = cursor === undefined ? '' : `&cursor=${part(cursor)}`;
    const { body } = await send(`${orderPath(account, orderId)}/snapshots?limit=100${next}`);
    rows.push(...body.snapshots);
    cursor = body.cursor;
  } while (cursor !== undefined && rows.length < 500);
  return rows;
}

/**
 * The state in force at a moment: by the exchange's time (`at`), or as this record knew it (`believed_at`).
 * @param {string} account @param {string} orderId @param {'at' | 'believed_at'} clock @param {number} moment
 * @param {AbortSignal} [signal]
 * @returns {Promise<History>}
 */
export async function stateAt(account, orderId, clock, moment, signal) {
  const query = `${clock}=${part(new Date(moment).toISOString())}`;
  return (await send(`${orderPath(account, orderId)}/snapshots?${query}`, { ...(signal && { signal }) })).body;
}

/** @param {string} account @param {string} orderId @param {boolean} on */
export async function changeWatch(account, orderId, on) {
  return (await send(`${orderPath(account, orderId)}/watch`, { method: on ? 'PUT' : 'DELETE' })).body;
}
