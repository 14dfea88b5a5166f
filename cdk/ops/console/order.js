import { useState } from 'preact/hooks';
import { changeWatch, getOrder, listAttention, listSnapshots, stateAt } from './api.js';
import { StepChart } from './charts.js';
import { age, count, duration, shown, time } from './format.js';
import { Timeline } from './history.js';
import { html } from './html.js';
import { filledShare, gapsOf, stepsOf, stoppedBy, transitionOf } from './model.js';
import { usePolled } from './polling.js';
import { TimeTravel } from './time-travel.js';

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
    again,
  } = usePolled(
    (/** @type {OrderView | undefined} */ before) => loadOrder(account, orderId, before),
    `${account} ${orderId}`,
  );
  const newest = view?.snapshots[0];
  return html`<main>
    <p class="path"><a href="#/">Accounts</a> / <a href=${`#/${account}/live`}>${account}</a> / ${shown(orderId)}</p>
    ${problem !== undefined && html`<p class="notice bad" role="alert">${problem}</p>`}
    ${view === undefined && problem === undefined && html`<p class="muted">Loading.</p>`}
    ${view !== undefined && newest === undefined && html`<p class="notice warn" role="status">The table has no state of order ${shown(orderId)} yet.</p>`}
    ${view !== undefined && html`<${Head} account=${account} orderId=${orderId} view=${view} changed=${again} />`}
    ${
      view !== undefined &&
      newest !== undefined &&
      html`<${Charts} view=${view} />
        <${TimeTravel} account=${account} orderId=${orderId} snapshots=${view.snapshots} entries=${view.entries} />`
    }
    ${view !== undefined && html`<${Timeline} snapshots=${view.snapshots} entries=${view.entries} />`}
  </main>`;
}

/**
 * Reads the table only. The order's own request has an ETag, so that an unchanged order costs one short response; it is
 * left out where it would call the exchange: for an order that is missing, stopped or not known.
 * @param {string} account @param {string} orderId @param {OrderView | undefined} before
 * @returns {Promise<OrderView>}
 */
async function loadOrder(account, orderId, before) {
  const loadedAt = Date.now();
  if (before?.status === 'final') return before;
  const [attention, belief] = await Promise.all([
    listAttention(account),
    stateAt(account, orderId, 'believed_at', loadedAt),
  ]);
  const entries = belief.audit_entries ?? [];
  const newest = belief.snapshots[0];
  const urgent = attention.find(({ order_id: id }) => id === orderId);
  const isSame = before !== undefined && before.snapshots[0]?.rank === newest?.rank;
  const snapshots = isSame ? before.snapshots : await listSnapshots(account, orderId);
  const rest = { snapshots, entries, loadedAt };
  if (newest?.final) return { ...rest, status: 'final', ageSeconds: undefined };
  if (urgent !== undefined) return { ...rest, status: urgent.status, ageSeconds: urgent.age_seconds };
  if (stoppedBy(entries) !== undefined) return { ...rest, status: 'stopped', ageSeconds: undefined };
  if (newest === undefined) return { ...rest, status: 'not known', ageSeconds: undefined };
  const { order, ageSeconds } = await getOrder(account, orderId);
  // It may be newer than what was read before it.
  const latest = order.rank === newest.rank ? snapshots : await listSnapshots(account, orderId);
  const status = latest[0]?.final ? 'final' : order.watched ? 'watched' : 'stopped';
  return { ...rest, snapshots: latest, status, ageSeconds };
}

/** @param {{ account: string, orderId: string, view: OrderView, changed: () => void }} properties */
function Head({ account, orderId, view: { snapshots, status, ageSeconds, entries }, changed }) {
  const order = snapshots[0]?.order;
  const stopped = status === 'stopped' ? stoppedBy(entries) : undefined;
  const kind =
    status === 'missing' || status === 'inconsistent'
      ? 'bad'
      : status === 'watched' || status === 'final'
        ? 'good'
        : 'warn';
  return html`<div class="order-head">
    <h1>
      <span class=${order?.direction === 'buy' ? 'buy' : 'sell'}>${shown(order?.direction)}</span> ${shown(order?.instrument_name)}
      <small>${shown(order?.order_type)}</small>
    </h1>
    <dl class="facts">
      <div><dt>State</dt><dd>${shown(order?.order_state)}</dd></div>
      <div><dt>Price</dt><dd class="number">${shown(order?.price)}</dd></div>
      <div><dt>Filled</dt><dd class="number">${shown(order?.filled_amount)} <small>of ${shown(order?.amount)}</small>
        ${order !== undefined && html`<span class="bar" aria-hidden="true"><i style=${{ width: `${filledShare(order) * 100}%` }}></i></span>`}</dd></div>
      <div><dt>Average</dt><dd class="number">${shown(order?.average_price)}</dd></div>
      <div><dt>Watch</dt><dd><span class=${`tag ${kind}`}>${status}</span></dd></div>
      ${ageSeconds !== undefined && html`<div><dt>Confirmed</dt><dd class="number">${age(ageSeconds)} ago</dd></div>`}
    </dl>
    ${status !== 'final' && html`<${WatchButton} account=${account} orderId=${orderId} on=${status === 'stopped' || status === 'not known'} changed=${changed} />`}
  </div>
  ${status === 'missing' && html`<p class="notice bad" role="status">The exchange does not find this order any more. It is missing, not closed: it is searched for until its end is found or its watch is stopped.</p>`}
  ${status === 'inconsistent' && html`<p class="notice bad" role="status">The exchange twice returned an older state than before.</p>`}
  ${status === 'unknown' && html`<p class="notice warn" role="status">The order is in a state that has no name here: it stays on watch.</p>`}
  ${stopped !== undefined && html`<p class="notice warn" role="status">The watch was stopped at ${time(stopped.at)} by ${shown(stopped.by)}: what you see may be stale.</p>`}
  ${ageSeconds !== undefined && ageSeconds > 120 && status === 'watched' && html`<p class="notice warn" role="status">The exchange last confirmed this order ${age(ageSeconds)} ago: its state may be stale.</p>`}`;
}

/** @param {{ account: string, orderId: string, on: boolean, changed: () => void }} properties */
function WatchButton({ account, orderId, on, changed }) {
  const [said, setSaid] = useState('');
  const [sure, setSure] = useState(false);
  const act = async () => {
    setSure(false);
    setSaid('');
    await changeWatch(account, orderId, on).then(changed, (error) =>
      setSaid(error instanceof Error ? error.message : 'It failed.'),
    );
  };
  return html`<div class="watch">
    ${sure ? html`<button type="button" class="danger" onClick=${act}>Yes, stop the watch</button><button type="button" onClick=${() => setSure(false)}>No</button>` : html`<button type="button" onClick=${() => (on ? act() : setSure(true))}>${on ? 'Start the watch' : 'Stop the watch'}</button>`}
    <span role="status">${said}</span>
  </div>`;
}

/** @param {{ view: OrderView }} properties */
function Charts({ view: { snapshots, status, loadedAt } }) {
  const transitions = snapshots.map(transitionOf).reverse();
  const ends = transitions.flatMap(({ at, observed }) => [at, observed]);
  const last = Math.max(...ends);
  const end = status === 'final' ? last + Math.max(500, (last - Math.min(...ends)) * 0.05) : Math.max(last, loadedAt);
  const names = [...new Set(transitions.map(({ state }) => state))];
  const top = Math.max(Number(snapshots[0]?.order.amount ?? 0), ...transitions.map(({ filled }) => filled)) || 1;
  const late = transitions.map(({ at, observed }) => observed - at);
  const label = `${count(transitions.length, 'state')}, observed at most ${duration(Math.max(...late))} late`;
  return html`<section aria-label="Course of the order">
    <div class="legend">
      <h2>Course</h2>
      <span><i class="key exchange"></i>by the exchange's time</span>
      <span><i class="key record"></i>in this record</span>
      <span><i class="key gap"></i>not known here yet</span>
      <small class="muted">UTC · ${label}</small>
    </div>
    <h3>Filled amount</h3>
    <${StepChart} gaps=${gapsOf(transitions, end)} data=${stepsOf(transitions, ({ filled }) => filled, end)} top=${top} label=${`Filled amount over time: ${label}`} />
    <h3>State</h3>
    <${StepChart} gaps=${gapsOf(transitions, end)} data=${stepsOf(transitions, ({ state }) => names.indexOf(state), end)} names=${names.map(shown)} label=${`State over time: ${label}`} />
  </section>`;
}
