import { useEffect, useRef, useState } from 'preact/hooks';
import { AccountHead } from './account-head.js';
import { listAttention, listOrders } from './api.js';
import { age, clock, count, shown, time } from './format.js';
import { html } from './html.js';
import { arranged, filledShare, needsAttention } from './model.js';
import { usePolled } from './polling.js';

/** @typedef {import('./api.js').ListedOrder} ListedOrder */
/** @typedef {import('./model.js').SortKey} SortKey */

const pageSize = 50;
/** An order that was confirmed longer ago than this is marked. */
const oldSeconds = 120;

/** @type {readonly (readonly [key: SortKey, title: string, number: boolean])[]} */
const columns = [
  ['instrument_name', 'Instrument', false],
  ['direction', 'Side', false],
  ['order_type', 'Type', false],
  ['price', 'Price', true],
  ['filled', 'Filled of amount', true],
  ['status', 'Status', false],
  ['age_seconds', 'Confirmed', true],
];

/** The orders of an account: those that are live, and those in need of attention before them; or the final ones. */
/** @param {{ account: string, list: 'live' | 'final' }} properties */
export function Blotter({ account, list }) {
  /** The cursors of the pages before this one, and its own. */
  const [cursors, setCursors] = useState(/** @type {readonly string[]} */ ([]));
  const [text, setText] = useState('');
  const [order, setOrder] = useState(
    /** @type {{ key: SortKey, descending: boolean }} */ ({
      key: list === 'final' ? 'closed_at' : 'instrument_name',
      descending: list === 'final',
    }),
  );
  const cursor = cursors.at(-1);
  const { value: page, problem } = usePolled(async () => {
    const [attention, orders] = await Promise.all([
      list === 'live' && cursor === undefined ? listAttention(account) : [],
      listOrders(account, list, pageSize, cursor),
    ]);
    const ids = new Set(attention.map(({ order_id: id }) => id));
    return { rows: [...attention, ...orders.orders.filter(({ order_id: id }) => !ids.has(id))], next: orders.cursor };
  }, `${account} ${list} ${cursor}`);
  const rows = page === undefined ? [] : arranged(page.rows, text, order);
  const urgent = rows.filter(needsAttention).length;
  const sortBy = (/** @type {SortKey} */ key) =>
    setOrder((before) => ({ key, descending: before.key === key && !before.descending }));
  return html`<main>
    <${AccountHead} account=${account} view=${list}><${Filter} text=${text} change=${setText} /><//>
    ${problem !== undefined && html`<p class="notice bad" role="alert">${problem}</p>`}
    <p class="muted summary" role="status">${
      page === undefined
        ? 'Loading.'
        : `${count(rows.length, 'order')} on this page${urgent === 0 ? '' : `, ${urgent} in need of attention`}${text === '' ? '' : ` with “${text}”`}`
    }</p>
    <div class="scroll"><table class="grid cards blotter" onKeyDown=${moveBetweenRows}>
      <thead><tr>
        ${columns.map(([key, title, number]) => html`<${Heading} column=${key} title=${title} number=${number} order=${order} sortBy=${sortBy} />`)}
        <${Heading} column=${list === 'final' ? 'closed_at' : 'order_id'} title=${list === 'final' ? 'Closed' : 'Order'} number=${false} order=${order} sortBy=${sortBy} />
      </tr></thead>
      <tbody>${rows.map((row) => html`<${Row} key=${row.order_id} account=${account} row=${row} />`)}</tbody>
    </table></div>
    <${Pages} number=${cursors.length + 1}
      back=${cursors.length === 0 ? undefined : () => setCursors(cursors.slice(0, -1))}
      next=${page?.next === undefined ? undefined : () => setCursors([...cursors, page.next ?? ''])} />
  </main>`;
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
  const field = useRef(/** @type {HTMLInputElement | null} */ (null));
  useEffect(() => {
    const pressed = (/** @type {KeyboardEvent} */ event) => {
      if (event.key !== '/' || event.target instanceof HTMLInputElement) return;
      event.preventDefault();
      field.current?.focus();
    };
    document.addEventListener('keydown', pressed);
    return () => document.removeEventListener('keydown', pressed);
  }, []);
  return html`<input type="search" placeholder="Filter ( / )" aria-label="Filter orders by text" ref=${field} value=${text}
    onInput=${(/** @type {{ currentTarget: HTMLInputElement }} */ event) => change(event.currentTarget.value)} />`;
}

/** @param {{ account: string, row: ListedOrder }} properties */
function Row({ account, row }) {
  const { order_id: id, status, direction, age_seconds: seconds, closed_at: closed } = row;
  const path = `#/${account}/order/${encodeURIComponent(id)}`;
  const isFinal = status === 'final';
  const old = !isFinal && (seconds === undefined || seconds > oldSeconds);
  return html`<tr class=${needsAttention(row) ? 'urgent' : ''}>
    <th scope="row"><a href=${path}>${row.instrument_name === undefined ? shown(id) : shown(row.instrument_name)}</a></th>
    <td data-label="Side" class=${direction === 'buy' ? 'buy' : direction === 'sell' ? 'sell' : ''}>${shown(direction)}</td>
    <td data-label="Type">${shown(row.order_type)}</td>
    <td data-label="Price" class="n">${shown(row.price)}</td>
    <td data-label="Filled" class="n filled">
      <span class="number">${shown(row.filled_amount)} <small>of ${shown(row.amount)}</small></span>
      <span class="bar" aria-hidden="true"><i style=${{ width: `${filledShare(row) * 100}%` }}></i></span>
    </td>
    <td data-label="Status"><${Status} row=${row} /></td>
    <td data-label="Confirmed" class=${`n ${old ? 'warn' : ''}`}>${age(seconds)}${isFinal || seconds === undefined ? '' : ' ago'}</td>
    <td data-label=${isFinal ? 'Closed' : 'Order'} class="id">${isFinal && closed !== undefined ? time(closed) : shown(id)}</td>
  </tr>`;
}

/** @param {{ row: ListedOrder }} properties */
function Status({ row }) {
  const kind = row.status === 'missing' || row.status === 'inconsistent' ? 'bad' : needsAttention(row) ? 'warn' : '';
  const state = row.order_state === undefined ? '' : shown(row.order_state);
  const { looked_up_at: searched, due_at: due } = row;
  const search =
    searched === undefined ? '' : ` · searched ${clock(searched)}${due === undefined ? '' : `, next ${clock(due)}`}`;
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
