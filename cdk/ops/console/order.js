import { useState } from 'preact/hooks';
import { changeWatch, errorMessage, getOrder, getStateAt, listAllOrders, listSnapshots } from './api.js';
import { StepChart } from './charts.js';
import { age, count, duration, formatValue, time } from './format.js';
import { Timeline } from './history.js';
import { html } from './html.js';
import { filledShare, gapsOf, isCut, latestCommand, staleOrderSeconds, stepsOf, transitionOf } from './model.js';
import { now } from './now.js';
import { usePolled } from './polling.js';
import { TimeTravel } from './time-travel.js';

const dayMs = 86_400_000;

/**
 * @typedef {object} OrderView
 * @property {readonly import('./api.js').SnapshotRow[]} snapshots Newest first.
 * @property {readonly import('./api.js').AuditEntry[]} entries Newest first.
 * @property {string} status
 * @property {number | undefined} ageSeconds Since the exchange last confirmed it.
 * @property {number} loadedAt
 */

/** @param {{ account: string, orderId: string }} properties */
export function Order({ account, orderId }) {
  const {
    value: view,
    problem,
    isLoading,
    again,
  } = usePolled(
    (/** @type {OrderView | undefined} */ before, signal) => loadOrder(account, orderId, before, signal),
    `${account} ${orderId}`,
  );
  return html`
    <p class="path"><a href="#/">Accounts</a> / <a href=${`#/${account}/live`}>${account}</a> / ${formatValue(orderId)}</p>
    ${view === undefined && html`<h1>Order ${formatValue(orderId)}</h1>`}
    ${problem !== undefined && html`<p class="notice bad" role="alert">${problem}</p>`}
    ${isLoading && html`<p class="muted">Loading.</p>`}
    ${view !== undefined && html`<${Head} account=${account} orderId=${orderId} view=${view} changed=${again} />`}
    ${
      view !== undefined &&
      view.snapshots.length > 0 &&
      html`<${Charts} view=${view} />
        <${TimeTravel} account=${account} orderId=${orderId} snapshots=${view.snapshots} entries=${view.entries} />`
    }
    ${view !== undefined && html`<${Timeline} snapshots=${view.snapshots} entries=${view.entries} />`}
  `;
}

/**
 * Reads the table only. The order's own request has an ETag, so that an unchanged order costs one short response; it is
 * left out where it would call the exchange: for an order that is missing, stopped or not known.
 * @param {string} account @param {string} orderId @param {OrderView | undefined} before @param {AbortSignal} signal
 * @returns {Promise<OrderView>}
 */
async function loadOrder(account, orderId, before, signal) {
  if (before?.status === 'final') {
    const { order } = await getOrder(account, orderId, signal);
    if (order.rank === before.snapshots[0]?.rank) return before;
  }
  const [attention, belief] = await Promise.all([
    listAllOrders(account, 'attention', signal),
    // All that is known, whatever this browser takes for now.
    getStateAt(account, orderId, 'believed_at', now() + dayMs, signal),
  ]);
  const entries = belief.audit_entries ?? [];
  const newest = belief.snapshots[0];
  const urgent = attention.orders.find(({ order_id: id }) => id === orderId);
  const isSame = before !== undefined && before.snapshots[0]?.rank === newest?.rank;
  const snapshots = isSame ? before.snapshots : await listSnapshots(account, orderId, signal);
  const rest = { snapshots, entries, loadedAt: now() };
  if (newest?.final) return { ...rest, status: 'final', ageSeconds: undefined };
  if (urgent !== undefined) return { ...rest, status: urgent.status, ageSeconds: urgent.age_seconds };
  const command = latestCommand(entries)?.kind;
  if (command === 'watch_stopped') return { ...rest, status: 'stopped', ageSeconds: undefined };
  if (newest === undefined) {
    const live = await listAllOrders(account, 'live', signal);
    const isListed = live.orders.some(({ order_id: id }) => id === orderId);
    return { ...rest, status: isListed || command !== undefined ? 'unconfirmed' : 'not known', ageSeconds: undefined };
  }
  const { order, ageSeconds } = await getOrder(account, orderId, signal);
  // It may be newer than what was read before it.
  const latest = order.rank === newest.rank ? snapshots : await listSnapshots(account, orderId, signal);
  const status = latest[0]?.final ? 'final' : order.watched ? 'watched' : 'stopped';
  return { ...rest, snapshots: latest, status, ageSeconds };
}

/** @param {{ account: string, orderId: string, view: OrderView, changed: () => void }} properties */
function Head({ account, orderId, view, changed }) {
  const { snapshots, status } = view;
  const order = snapshots[0]?.order;
  return html`<div class="order-head">
    ${order === undefined ? html`<h1>Order ${formatValue(orderId)}</h1>` : html`<${Title} order=${order} />`}
    <dl class="facts">
      ${order !== undefined && html`<${Facts} order=${order} />`}
      <div><dt>Status</dt><dd><span class=${`tag ${kindOf(status)}`}>${status}</span></dd></div>
      ${view.ageSeconds !== undefined && html`<div><dt>Confirmed</dt><dd class="number">${age(view.ageSeconds)} ago</dd></div>`}
    </dl>
    ${status !== 'final' && html`<${WatchButton} account=${account} orderId=${orderId} on=${status === 'stopped' || status === 'not known'} changed=${changed} />`}
  </div>
  ${noticesOf(view).map((sentence) => html`<p class=${`notice ${kindOf(status) === 'bad' ? 'bad' : 'warn'}`} role="status">${sentence}</p>`)}`;
}

/** @param {{ order: import('./api.js').SnapshotRow['order'] }} properties */
function Title({ order: { direction, instrument_name: instrument, order_type: type } }) {
  const side = direction === 'buy' || direction === 'sell' ? direction : '';
  return html`<h1><span class=${side}>${formatValue(direction)}</span> ${formatValue(instrument)} <small>${formatValue(type)}</small></h1>`;
}

/** @param {{ order: import('./api.js').SnapshotRow['order'] }} properties */
function Facts({ order }) {
  return html`
    <div><dt>State</dt><dd>${formatValue(order.order_state)}</dd></div>
    <div><dt>Price</dt><dd class="number">${formatValue(order.price)}</dd></div>
    <div><dt>Filled</dt><dd class="number">${formatValue(order.filled_amount)} <small>of ${formatValue(order.amount)}</small>
      <span class="bar" aria-hidden="true"><i style=${{ width: `${filledShare(order) * 100}%` }}></i></span></dd></div>
    <div><dt>Average price</dt><dd class="number">${formatValue(order.average_price)}</dd></div>
  `;
}

/** @param {string} status */
function kindOf(status) {
  if (status === 'missing' || status === 'inconsistent') return 'bad';
  return status === 'watched' || status === 'final' ? 'good' : 'warn';
}

/** What a person should know of the order, each as a sentence. @param {OrderView} view @returns {string[]} */
function noticesOf({ snapshots, entries, status, ageSeconds }) {
  const sentences = [];
  if (status === 'not known') sentences.push('This record has no state of the order, and knows of no watch.');
  else if (snapshots.length === 0) sentences.push('No check has found the order yet: nothing is known of its state.');
  if (status === 'missing')
    sentences.push(
      'The exchange does not find this order any more. It is missing, not closed: it is searched for until its end is found or its watch is stopped.',
    );
  if (status === 'inconsistent') sentences.push('The exchange twice returned an older state than before.');
  if (status === 'unknown') sentences.push('The order is in a state that is not recognized; it is still watched.');
  const command = latestCommand(entries);
  if (status === 'stopped')
    sentences.push(
      command === undefined
        ? 'The order is not watched: what you see may be stale.'
        : `The watch was stopped at ${time(command.at)} UTC by ${formatValue(command.by)}: what you see may be stale.`,
    );
  if (status === 'watched' && ageSeconds !== undefined && ageSeconds > staleOrderSeconds)
    sentences.push(`The exchange last confirmed this order ${age(ageSeconds)} ago: its state may be stale.`);
  return sentences;
}

/** @param {{ account: string, orderId: string, on: boolean, changed: () => void }} properties */
function WatchButton({ account, orderId, on, changed }) {
  const [said, setSaid] = useState('');
  const [sure, setSure] = useState(false);
  const act = async () => {
    setSure(false);
    setSaid('');
    await changeWatch(account, orderId, on).then(changed, (error) =>
      setSaid(errorMessage(error) ?? 'It is not known whether that was done.'),
    );
  };
  return html`<div class="watch">
    ${
      sure
        ? html`<button key="no" type="button" ref=${focus} onClick=${() => setSure(false)}>No</button>
            <button key="yes" type="button" class="danger" onClick=${act}>Yes, stop the watch</button>`
        : html`<button key="change" type="button" onClick=${() => (on ? act() : setSure(true))}>${on ? 'Start the watch' : 'Stop the watch'}</button>`
    }
    <span role="status">${said}</span>
  </div>`;
}

/** A key that is pressed twice confirms nothing. @param {HTMLButtonElement | null} button */
const focus = (button) => button?.focus();

/** @param {{ view: OrderView }} properties */
function Charts({ view: { snapshots, status, loadedAt } }) {
  const transitions = snapshots.map(transitionOf).reverse();
  const ends = transitions.flatMap(({ at, observed }) => [at, observed]);
  const last = Math.max(...ends);
  const end = status === 'final' ? last + Math.max(500, (last - Math.min(...ends)) * 0.05) : Math.max(last, loadedAt);
  const names = [...new Set(transitions.map(({ state }) => state))];
  const top = Math.max(Number(snapshots[0]?.order.amount ?? 0), ...transitions.map(({ filled }) => filled)) || 1;
  const late = transitions.map(({ at, observed }) => observed - at);
  const label = `${isCut(snapshots) ? 'the latest ' : ''}${count(transitions.length, 'state')}, observed at most ${duration(Math.max(...late))} late`;
  return html`<section aria-label="Timeline of the order">
    <div class="legend">
      <h2>Timeline</h2>
      <span><i class="key exchange"></i>by the exchange's time</span>
      <span><i class="key record"></i>in this record</span>
      <span><i class="key gap"></i>not known here yet</span>
      <small class="muted">UTC, from ${time(Math.min(...ends))} · ${label}</small>
    </div>
    <h3>Filled amount</h3>
    <${StepChart} gaps=${gapsOf(transitions, end)} data=${stepsOf(transitions, ({ filled }) => filled, end)} top=${top} label=${`Filled amount over time: ${label}`} />
    <h3>State</h3>
    <${StepChart} gaps=${gapsOf(transitions, end)} data=${stepsOf(transitions, ({ state }) => names.indexOf(state), end)} names=${names.map(formatValue)} label=${`State over time: ${label}`} />
  </section>`;
}
