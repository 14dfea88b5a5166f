import { AccountHead } from './account-head.js';
import { listOrders, listSnapshots } from './api.js';
import { Histogram } from './charts.js';
import { count, duration, formatValue, time } from './format.js';
import { html } from './html.js';
import { histogramOf, quantile } from './model.js';
import { usePolled } from './polling.js';

/** @typedef {import('./api.js').ListedOrder} ListedOrder */
/** @typedef {{ delay: number, at: number, orderId: string, state: string }} Delay */

/**
 * @typedef {object} Sample
 * @property {number} orders How many orders there are to read.
 * @property {ReadonlyMap<string, { version: string, delays: readonly Delay[] }>} read Of those, what was read, by the order's id.
 */

/** Of each list, its first orders: of closed ones the latest, of live ones those that are due next. */
const sampled = 25;
const atOnce = 4;

/** How long it took from a transition at the exchange to its snapshot here. @param {{ account: string }} properties */
export function Delays({ account }) {
  const { value, problem, isLoading } = usePolled(
    (/** @type {Sample | undefined} */ before, signal, show) => collect(account, before, signal, show),
    account,
  );
  return html`
    <${AccountHead} account=${account} view="delays" />
    ${problem !== undefined && html`<p class="notice bad" role="alert">${problem}</p>`}
    ${isLoading && html`<p class="muted">Loading.</p>`}
    ${value !== undefined && html`<${Figures} account=${account} of=${value} />`}
  `;
}

/** @param {{ account: string, of: Sample }} properties */
function Figures({ account, of: { orders, read } }) {
  const delays = [...read.values()].flatMap((each) => each.delays);
  const ms = delays.map(({ delay }) => delay);
  const worst = delays.toSorted((a, b) => b.delay - a.delay).slice(0, 8);
  const summary =
    read.size < orders
      ? `Reading histories: ${read.size} of ${orders} orders.`
      : `${count(delays.length, 'transition')} of ${count(orders, 'order')}: of live, closed and attention orders the first ${sampled} each. Only transitions after the order became known here count.`;
  return html`<h2>From transition to snapshot</h2>
    <p class="muted" role="status">${summary}</p>
    ${
      delays.length > 0 &&
      html`<dl class="facts">
          ${[
            ['Median', 0.5],
            ['90 %', 0.9],
            ['99 %', 0.99],
            ['Longest', 1],
          ].map(
            ([name, share]) =>
              html`<div><dt>${name}</dt><dd class="number">${duration(quantile(ms, Number(share)) ?? 0)}</dd></div>`,
          )}
        </dl>
        <section><${Histogram} bins=${histogramOf(ms)} label=${`Histogram of ${count(ms.length, 'delay')}, median ${duration(quantile(ms, 0.5) ?? 0)}`} /></section>
        <h2>The longest</h2>
        <div class="scroll"><table class="grid cards"><thead><tr><th>Order</th><th>Became</th><th>Transition, UTC</th><th class="n">Delay</th></tr></thead>
        <tbody>${worst.map(
          ({ orderId, state, at, delay }) =>
            html`<tr><th scope="row"><a href=${`#/${account}/order/${encodeURIComponent(orderId)}`}>${formatValue(orderId)}</a></th><td data-label="Became">${formatValue(state)}</td><td data-label="Transition, UTC" class="number">${time(at)}</td><td data-label="Delay" class="n">${duration(delay)}</td></tr>`,
        )}</tbody></table></div>`
    }`;
}

/**
 * Reads the histories of those orders that are new or have changed since.
 * @param {string} account @param {Sample | undefined} before @param {AbortSignal} signal
 * @param {(sample: Sample) => void} show
 * @returns {Promise<Sample>}
 */
async function collect(account, before, signal, show) {
  const pages = await Promise.all([
    listOrders(account, 'final', sampled, { signal }),
    listOrders(account, 'live', sampled, { signal }),
    listOrders(account, 'attention', sampled, { signal }),
  ]);
  // An order may change its list meanwhile.
  const orders = new Map(pages.flatMap((page) => page.orders).map((order) => [order.order_id, order]));
  const known = [...(before?.read ?? [])].filter(([id, { version }]) => version === versionOf(orders.get(id)));
  const read = new Map(known);
  const unread = [...orders.values()].filter(({ order_id: id }) => !read.has(id));
  for (let done = 0; done < unread.length; done += atOnce) {
    if (before === undefined) show({ orders: orders.size, read: new Map(read) });
    const some = unread.slice(done, done + atOnce);
    const delays = await Promise.all(some.map((order) => delaysOf(account, order, signal)));
    for (const [index, order] of some.entries())
      read.set(order.order_id, { version: versionOf(order), delays: delays[index] ?? [] });
  }
  return { orders: orders.size, read };
}

/** What changes with each state of an order. @param {ListedOrder | undefined} order */
function versionOf(order) {
  return JSON.stringify([order?.last_update_timestamp, order?.order_state, order?.filled_amount]);
}

/** @param {string} account @param {ListedOrder} order @param {AbortSignal} signal @returns {Promise<Delay[]>} */
async function delaysOf(account, { order_id: orderId, opened_at: opened }, signal) {
  const rows = await listSnapshots(account, orderId, signal);
  return rows
    .filter(({ order }) => order.last_update_timestamp > Date.parse(opened))
    .map(({ first_observed_at: observed, order: { last_update_timestamp: at, order_state: state } }) => ({
      delay: Date.parse(observed) - at,
      at,
      orderId,
      state,
    }));
}
