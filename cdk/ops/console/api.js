import { now, syncClock } from './now.js';

/**
 * The public API, and nothing else. Shapes are those of its responses, which it checks before it sends them.
 *
 * @typedef {import('../../../lib/api/account-responses.ts').AccountOverview} AccountOverview
 * @typedef {import('../../../lib/api/responses.ts').CheckedOrder} CheckedOrder
 * @typedef {import('../../../lib/api/responses.ts').OrderList} OrderList
 * @typedef {import('../../../lib/api/responses.ts').ListedOrder} ListedOrder
 * @typedef {import('../../../lib/api/responses.ts').History} History
 * @typedef {import('../../../lib/api/responses.ts').SnapshotRow} SnapshotRow
 * @typedef {import('../../../lib/api/responses.ts').AuditEntry} AuditEntry
 */

/** The code of an API that cannot be reached: then its own sentence stands above every view. */
const unreachable = 'console_unreachable';

/** A response that takes longer counts as none. The gateway itself waits 30 s, which a command is given. */
const [lateMs, lateCommandMs] = [15_000, 35_000];

/** A response that is not a success; the message is for a person. */
export class ApiError extends Error {
  /** @param {number} status @param {string} code @param {string} detail */
  constructor(status, code, detail) {
    super(detail);
    this.status = status;
    this.code = code;
  }
}

/** What a view says of a failure, unless that is said above it already. @param {unknown} error */
export function errorMessage(error) {
  if (error instanceof ApiError) return error.code === unreachable ? undefined : error.message;
  return error instanceof Error ? `The console failed: ${error.message}` : 'The console failed.';
}

/** @typedef {{ lostSince: number | undefined, reachedAt: number | undefined }} Connection */
/** @type {Connection} */
let connection = { lostSince: undefined, reachedAt: undefined };
/** @type {Set<(connection: Connection) => void>} */
const watchers = new Set();

export const currentConnection = () => connection;

/** @param {(connection: Connection) => void} watcher */
export function onConnection(watcher) {
  watchers.add(watcher);
  watcher(connection);
  return () => void watchers.delete(watcher);
}

/** @param {boolean} reached */
function report(reached) {
  connection = reached
    ? { lostSince: undefined, reachedAt: now() }
    : { ...connection, lostSince: connection.lostSince ?? now() };
  for (const watcher of watchers) watcher(connection);
}

/**
 * The token stands behind the # of the address, and stays with that address, its port included: an order can be opened in
 * another tab. Each console has a new one; `npm start` needs none.
 */
function takeToken() {
  const [, given] = /^#token=([\w-]+)$/.exec(location.hash) ?? [];
  if (given !== undefined) {
    localStorage.setItem('token', given);
    history.replaceState(null, '', '/');
  }
  return localStorage.getItem('token');
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

/** The latest response of each address that has an ETag. @type {Map<string, { etag: string, text: string }>} */
const known = new Map();

/** @typedef {{ method?: string, signal?: AbortSignal | undefined }} Request */

/**
 * @param {string} path @param {Request} [request]
 * @returns {Promise<{ text: string, ageSeconds: number | undefined }>}
 */
async function send(path, { method = 'GET', signal } = {}) {
  const before = method === 'GET' ? known.get(path) : undefined;
  const headers = {
    accept: 'application/json',
    ...(token !== null && { 'x-console-token': token }),
    ...(before !== undefined && { 'if-none-match': before.etag }),
  };
  const { response, text } = await reply(path, { method, headers, cache: 'no-store' }, signal);
  syncClock(response.headers.get('date'));
  // 502 of the console itself: the API behind it cannot be reached. 401, too, says nothing of the API.
  if (response.status !== 401) report(!(response.status === 502 && text.includes(unreachable)));
  const age = response.headers.get('age');
  const ageSeconds = age === null ? undefined : Number(age);
  if (response.status === 304 && before !== undefined) return { text: before.text, ageSeconds };
  if (!response.ok) throw problemOf(response.status, text);
  const etag = response.headers.get('etag');
  if (etag !== null) {
    if (known.size >= 100) known.clear();
    known.set(path, { etag, text });
  }
  return { text, ageSeconds };
}

/** @param {string} path @param {RequestInit} request @param {AbortSignal} [signal] */
async function reply(path, request, signal) {
  const late = new AbortController();
  const timer = setTimeout(() => late.abort(), request.method === 'GET' ? lateMs : lateCommandMs);
  try {
    const either = AbortSignal.any([late.signal, ...(signal === undefined ? [] : [signal])]);
    const response = await fetch(path, { ...request, signal: either });
    return { response, text: await response.text() };
  } catch (error) {
    if (signal?.aborted) throw error;
    report(false);
    throw new ApiError(0, unreachable, 'The API cannot be reached.');
  } finally {
    clearTimeout(timer);
  }
}

/** @param {number} status @param {string} text */
function problemOf(status, text) {
  const body = bodyOf(status, text);
  return new ApiError(status, body?.code ?? 'gateway', body?.detail ?? body?.message ?? `HTTP ${status}`);
}

/** @param {number} status @param {string} text */
function bodyOf(status, text) {
  try {
    return parse(text);
  } catch {
    throw new ApiError(status, 'gateway', `The response (HTTP ${status}) is not JSON.`);
  }
}

/** @param {string} path @param {Request} [request] */
async function requested(path, request) {
  return bodyOf(200, (await send(path, request)).text);
}

const part = encodeURIComponent;
/** @param {string} account @param {string} orderId */
const orderPath = (account, orderId) => `/accounts/${part(account)}/orders/${part(orderId)}`;

/** @param {AbortSignal} [signal] @returns {Promise<readonly AccountOverview[]>} */
export async function listAccounts(signal) {
  return (await requested('/accounts', { signal })).accounts;
}

/** @param {string} account @param {AbortSignal} [signal] @returns {Promise<AccountOverview>} */
export async function getAccount(account, signal) {
  return requested(`/accounts/${part(account)}`, { signal });
}

/**
 * @param {string} account @param {'live' | 'attention' | 'final'} state @param {number} limit
 * @param {{ cursor?: string | undefined, signal?: AbortSignal | undefined }} [options]
 * @returns {Promise<OrderList>}
 */
export async function listOrders(account, state, limit, { cursor, signal } = {}) {
  const query = `state=${state}&limit=${limit}${cursor === undefined ? '' : `&cursor=${part(cursor)}`}`;
  return requested(`/accounts/${part(account)}/orders?${query}`, { signal });
}

/**
 * All orders of a list, at most 500: `isWhole` says whether there are no more.
 * @param {string} account @param {'live' | 'attention' | 'final'} state @param {AbortSignal} [signal]
 */
export async function listAllOrders(account, state, signal) {
  /** @type {ListedOrder[]} */
  const orders = [];
  /** @type {string | undefined} */
  let cursor;
  do {
    const page = await listOrders(account, state, 100, { cursor, signal });
    orders.push(...page.orders);
    cursor = page.cursor;
  } while (cursor !== undefined && orders.length < 500);
  return { orders, isWhole: cursor === undefined };
}

/**
 * From the table, as long as the latest check has confirmed the order.
 * @param {string} account @param {string} orderId @param {AbortSignal} [signal]
 */
export async function getOrder(account, orderId, signal) {
  const { text, ageSeconds } = await send(`${orderPath(account, orderId)}?max_age=999999`, { signal });
  /** @type {CheckedOrder} */
  const order = bodyOf(200, text);
  return { order, ageSeconds };
}

/** How many states of an order the console reads at most. */
const maxStates = 500;

/**
 * The history, newest first, at most `maxStates`.
 * @param {string} account @param {string} orderId @param {AbortSignal} [signal]
 */
export async function listSnapshots(account, orderId, signal) {
  /** @type {SnapshotRow[]} */
  const rows = [];
  /** @type {string | undefined} */
  let cursor;
  do {
    const next = cursor === undefined ? '' : `&cursor=${part(cursor)}`;
    /** @type {History} */
    const page = await requested(`${orderPath(account, orderId)}/snapshots?limit=100${next}`, { signal });
    rows.push(...page.snapshots);
    cursor = page.cursor;
  } while (cursor !== undefined && rows.length < maxStates);
  return rows;
}

/**
 * The state that was current at a moment: by the exchange's time (`at`), or as this record knew it (`believed_at`).
 * @param {string} account @param {string} orderId @param {'at' | 'believed_at'} clock @param {number} moment
 * @param {AbortSignal} [signal]
 * @returns {Promise<History>}
 */
export async function getStateAt(account, orderId, clock, moment, signal) {
  const query = `${clock}=${part(new Date(moment).toISOString())}`;
  return requested(`${orderPath(account, orderId)}/snapshots?${query}`, { signal });
}

/** @param {string} account @param {string} orderId @param {boolean} on */
export async function changeWatch(account, orderId, on) {
  await send(`${orderPath(account, orderId)}/watch`, { method: on ? 'PUT' : 'DELETE' });
}
