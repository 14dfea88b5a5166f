import { useEffect, useRef } from 'preact/hooks';
import { AccountHead } from './account-head.js';
import { listAllOrders, listOrders } from './api.js';
import { age, clock, count, formatValue, time, visible } from './format.js';
import { saveHistoryState, useHistoryState } from './history-state.js';
import { html } from './html.js';
import { filledShare, filterAndSort, needsAttention, orderIdPattern, staleOrderSeconds } from './model.js';
import { usePolled } from './polling.js';

/** @typedef {import('./api.js').ListedOrder} ListedOrder */
/** @typedef {import('./model.js').SortKey} SortKey */

const pageSize = 50;

/** @typedef {readonly [key: SortKey, title: string, number: boolean]} Column */
/** @type {readonly Column[]} */
const columns = [
  ['instrument_name', 'Instrument', false],
  ['direction', 'Side', false],
  ['order_type', 'Type', false],
  ['price', 'Price', true],
  ['filled', 'Filled of amount', true],
  ['status', 'Status', false],
];
/** @type {Readonly<Record<'live' | 'final', Column>>} */
const columnOf = { live: ['age_seconds', 'Confirmed', true], final: ['closed_at', 'Closed, UTC', false] };
/** @type {Column} */
const idColumn = ['order_id', 'Order', false];

/** @typedef {{ key: SortKey, descending: boolean }} Arrangement */
/** @typedef {{ rows: readonly ListedOrder[], next: string | undefined, covers: 'page' | 'start' | 'all' }} Page */

/** The orders of an account: those that are live, and those in need of attention before them; or the final ones. */
/** @param {{ account: string, list: 'live' | 'final' }} properties */
export function Blotter({ account, list }) {
  /** @type {readonly string[]} */
  const none = [];
  // The cursors of the pages before this one, and its own.
  const [cursors, setCursors] = useHistoryState('cursors', none);
  const [text, setText] = useHistoryState('text', '');
  /** @type {Arrangement} */
  const newest = { key: 'closed_at', descending: true };
  /** @type {Arrangement} */
  const byName = { key: 'instrument_name', descending: false };
  const [order, setOrder] = useHistoryState('order', list === 'final' ? newest : byName);
  const cursor = cursors.at(-1);
  const isFiltered = text.trim() !== '';
  const {
    value: page,
    problem,
    isLoading,
  } = usePolled(
    (_before, signal) => (isFiltered ? loadAll(account, list, signal) : loadPage(account, list, cursor, signal)),
    `${account} ${list} ${cursor}`,
    isFiltered,
  );
  const rows = page === undefined ? [] : filterAndSort(page.rows, text, order);
  const sortBy = (/** @type {SortKey} */ key) => setOrder({ key, descending: order.key === key && !order.descending });
  const table = useOpened(page !== undefined);
  return html`
    <${AccountHead} account=${account} view=${list}><${Filter} text=${text} change=${setText} /><//>
    ${problem !== undefined && html`<p class="notice bad" role="alert">${problem}</p>`}
    <p class="muted summary" role="status">${isLoading ? 'Loading.' : page !== undefined && summaryOf(rows, page, text, cursor === undefined ? list : undefined)}</p>
    ${isFiltered && page !== undefined && page.covers !== 'page' && rows.length === 0 && html`<${ById} account=${account} text=${text.trim()} />`}
    ${
      rows.length > 0 &&
      html`<div class="scroll" ref=${table}><table class="grid cards blotter" onKeyDown=${moveBetweenRows}>
      <thead><tr>
        ${[...columns, columnOf[list], idColumn].map(([key, title, number]) => html`<${Heading} column=${key} title=${title} number=${number} order=${order} sortBy=${sortBy} />`)}
      </tr></thead>
      <tbody>${rows.map((row) => html`<${Row} key=${row.order_id} account=${account} row=${row} />`)}</tbody>
    </table></div>`
    }
    ${
      !isFiltered &&
      html`<${Pages} number=${cursors.length + 1}
        back=${cursors.length === 0 ? undefined : () => setCursors(cursors.slice(0, -1))}
        next=${page?.next === undefined ? undefined : () => setCursors([...cursors, page.next ?? ''])} />`
    }
  `;
}

/**
 * @param {string} account @param {'live' | 'final'} list @param {string | undefined} cursor @param {AbortSignal} signal
 * @returns {Promise<Page>}
 */
async function loadPage(account, list, cursor, signal) {
  const [attention, { orders, cursor: next }] = await Promise.all([
    list === 'live' && cursor === undefined ? listAllOrders(account, 'attention', signal) : { orders: [] },
    listOrders(account, list, pageSize, { cursor, signal }),
  ]);
  return { rows: withoutDoubles(attention.orders, orders), next, covers: 'page' };
}

/** What the filter searches. @param {string} account @param {'live' | 'final'} list @param {AbortSignal} signal @returns {Promise<Page>} */
async function loadAll(account, list, signal) {
  const [attention, rest] = await Promise.all([
    list === 'live' ? listAllOrders(account, 'attention', signal) : { orders: [], isWhole: true },
    listAllOrders(account, list, signal),
  ]);
  const covers = attention.isWhole && rest.isWhole ? 'all' : 'start';
  return { rows: withoutDoubles(attention.orders, rest.orders), next: undefined, covers };
}

/** An order may change its list between two requests. @param {readonly ListedOrder[]} attention @param {readonly ListedOrder[]} orders */
function withoutDoubles(attention, orders) {
  const ids = new Set(attention.map(({ order_id: id }) => id));
  return [...attention, ...orders.filter(({ order_id: id }) => !ids.has(id))];
}

/** @param {readonly ListedOrder[]} rows @param {Page} page @param {string} text @param {'live' | 'final' | undefined} list Of the first page. */
function summaryOf(rows, { covers, next, rows: all }, text, list) {
  const urgent = rows.filter(needsAttention).length;
  const attention = urgent === 0 ? '' : `, ${urgent} in need of attention`;
  if (text.trim() !== '') {
    const where = {
      page: 'on this page; searching the others',
      start: `among the first ${all.length}`,
      all: 'on all pages',
    }[covers];
    return `${count(rows.length, 'order')} with “${visible(text.trim())}” ${where}${attention}`;
  }
  if (rows.length === 0 && next === undefined && list !== undefined) return `No ${list} orders.`;
  return `${count(rows.length, 'order')} on this page${attention}`;
}

/** A text that no row holds may be the id of an order in neither list. @param {{ account: string, text: string }} properties */
function ById({ account, text }) {
  if (!orderIdPattern.test(text)) return null;
  return html`<p><a href=${`#/${account}/order/${text}`}>Open order ${text} by its id</a></p>`;
}

/** Going back to the list goes back to the order that was opened from it. @param {boolean} isThere */
function useOpened(isThere) {
  /** @type {import('preact').RefObject<HTMLDivElement | null>} */
  const table = useRef(null);
  useEffect(() => {
    const links = isThere ? [...(table.current?.querySelectorAll('a') ?? [])] : [];
    links.find((link) => link.getAttribute('href') === history.state?.opened)?.focus();
  }, [isThere]);
  return table;
}

/** @param {{ column: SortKey, title: string, number: boolean, order: { key: SortKey, descending: boolean }, sortBy: (key: SortKey) => void }} properties */
function Heading({ column, title, number, order, sortBy }) {
  const sorted = order.key === column ? (order.descending ? 'descending' : 'ascending') : undefined;
  return html`<th class=${number ? 'n' : ''} aria-sort=${sorted}>
    <button type="button" onClick=${() => sortBy(column)}>${title}<span aria-hidden="true">${sorted === undefined ? '' : sorted === 'ascending' ? ' ↑' : ' ↓'}</span></button>
  </th>`;
}

/** @param {{ text: string, change: (text: string) => void }} properties */
function Filter({ text, change }) {
  /** @type {import('preact').RefObject<HTMLInputElement | null>} */
  const field = useRef(null);
  useEffect(() => {
    const pressed = (/** @type {KeyboardEvent} */ event) => {
      if (event.key !== '/' || event.ctrlKey || event.metaKey || event.altKey) return;
      if (event.target instanceof HTMLInputElement) return;
      event.preventDefault();
      field.current?.focus();
    };
    document.addEventListener('keydown', pressed);
    return () => document.removeEventListener('keydown', pressed);
  }, []);
  return html`<input type="search" placeholder="Filter (press /)" aria-label="Filter orders of all pages by text" ref=${field} value=${text}
    onInput=${(/** @type {{ currentTarget: HTMLInputElement }} */ event) => change(event.currentTarget.value)} />`;
}

/** @param {{ account: string, row: ListedOrder }} properties */
function Row({ account, row }) {
  const { order_id: id, status, direction, age_seconds: seconds, closed_at: closed } = row;
  const path = `#/${account}/order/${encodeURIComponent(id)}`;
  const isFinal = status === 'final';
  const old = !isFinal && (seconds === undefined || seconds > staleOrderSeconds);
  return html`<tr class=${needsAttention(row) ? 'urgent' : ''}>
    <th scope="row"><a href=${path} onClick=${() => saveHistoryState('opened', path)}>${row.instrument_name === undefined ? formatValue(id) : formatValue(row.instrument_name)}</a></th>
    <td data-label="Side" class=${direction === 'buy' ? 'buy' : direction === 'sell' ? 'sell' : ''}>${formatValue(direction)}</td>
    <td data-label="Type">${formatValue(row.order_type)}</td>
    <td data-label="Price" class="n">${formatValue(row.price)}</td>
    <td data-label="Filled" class="n filled">
      <span class="number">${formatValue(row.filled_amount)} <small>of ${formatValue(row.amount)}</small></span>
      <span class="bar" aria-hidden="true"><i style=${{ width: `${filledShare(row) * 100}%` }}></i></span>
    </td>
    <td data-label="Status" class="wide"><${Status} row=${row} /></td>
    ${
      isFinal
        ? html`<td data-label="Closed, UTC" class="number">${closed === undefined ? '–' : time(closed)}</td>`
        : html`<td data-label="Confirmed" class=${`n ${old ? 'warn' : ''}`}>${age(seconds)}${seconds !== undefined && ' ago'}</td>`
    }
    <td data-label="Order" class="id">${formatValue(id)}</td>
  </tr>`;
}

/** @param {{ row: ListedOrder }} properties */
function Status({ row }) {
  const kind = row.status === 'missing' || row.status === 'inconsistent' ? 'bad' : needsAttention(row) ? 'warn' : '';
  const state = row.order_state === undefined ? '' : formatValue(row.order_state);
  const { looked_up_at: searched, due_at: due } = row;
  const search =
    searched === undefined
      ? ''
      : ` · searched ${clock(searched)}${due === undefined ? '' : `, next ${clock(due)}`} UTC`;
  if (row.status === 'watched' || row.status === 'final') return html`<span class="tag">${state || row.status}</span>`;
  return html`<span class=${`tag ${kind}`}>${row.status}</span> <small>${state !== '' && `last ${state}`}${search}</small>`;
}

/** @param {{ number: number, back: (() => void) | undefined, next: (() => void) | undefined }} properties */
function Pages({ number, back, next }) {
  if (back === undefined && next === undefined) return null;
  return html`<nav class="pages" aria-label="Pages">
    <button type="button" disabled=${back === undefined} onClick=${back}>← Back</button>
    <span class="muted">Page ${number}</span>
    <button type="button" disabled=${next === undefined} onClick=${next}>Next →</button>
  </nav>`;
}

/** Arrow keys go from row to row. @param {KeyboardEvent} event */
function moveBetweenRows(event) {
  const { key, target } = event;
  if ((key !== 'ArrowDown' && key !== 'ArrowUp') || !(target instanceof HTMLAnchorElement)) return;
  const row = target.closest('tr');
  const to = key === 'ArrowDown' ? row?.nextElementSibling : row?.previousElementSibling;
  const link = to?.querySelector('a');
  if (link instanceof HTMLAnchorElement) {
    event.preventDefault();
    link.focus();
  }
}
