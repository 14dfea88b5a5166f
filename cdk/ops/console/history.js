import { duration, formatField, formatValue, time } from './format.js';
import { html } from './html.js';
import { fieldsOf, isCut } from './model.js';

/** @typedef {import('./api.js').SnapshotRow} SnapshotRow */
/** @typedef {import('./api.js').AuditEntry} AuditEntry */

/** How many audit entries the API returns at most. */
const maxEntries = 100;

/** What happened to an order, newest first by our clock: its states, misses, searches, and what people did. */
/** @param {{ snapshots: readonly SnapshotRow[], entries: readonly AuditEntry[] }} properties */
export function Timeline({ snapshots, entries }) {
  const all = [
    ...snapshots.map((snapshot) => ({ at: snapshot.first_observed_at, what: html`<${Snapshot} of=${snapshot} />` })),
    ...entries.map((entry) => ({ at: entry.at, what: html`<${Entry} of=${entry} />` })),
  ].sort((a, b) => (a.at < b.at ? 1 : a.at > b.at ? -1 : 0));
  if (all.length === 0) return null;
  return html`<section aria-label="History">
    <h2>History <small>UTC</small></h2>
    ${isCut(snapshots) && html`<p class="muted">Only the latest ${snapshots.length} states are shown.</p>`}
    ${entries.length >= maxEntries && html`<p class="muted">Of misses, searches and commands, only the latest ${maxEntries} are shown.</p>`}
    <ol class="history">${all.map(({ at, what }) => html`<li><time class="number" datetime=${at}>${time(at)}</time>${what}</li>`)}</ol>
  </section>`;
}

/** @param {{ of: SnapshotRow }} properties */
function Snapshot({ of: snapshot }) {
  const { order, changes } = snapshot;
  const late = Date.parse(snapshot.first_observed_at) - order.last_update_timestamp;
  return html`<div class="entry">
    <p><span class="tag">${formatValue(order.order_state)}</span> since ${time(order.last_update_timestamp)}, observed ${duration(late)} later</p>
    ${
      changes.length > 0 &&
      html`<table class="changes"><tbody>${changes.map(
        ({ field, from, to }) =>
          html`<tr><th scope="row">${formatValue(field)}</th><td class="from">${formatField(field, from)}</td><td aria-label="became">→</td><td class="to">${formatField(field, to)}</td></tr>`,
      )}</tbody></table>`
    }
    ${changes.length === 0 && html`<${FirstState} order=${order} />`}
    <p class="provenance">Observed by ${formatValue(snapshot.observed_by)} · requested ${time(snapshot.requested_at)} · request ${formatValue(snapshot.request_id)} · key version ${formatValue(snapshot.key_version)}</p>
  </div>`;
}

/** The oldest state has nothing to compare with. @param {{ order: SnapshotRow['order'] }} properties */
function FirstState({ order }) {
  return html`<details><summary>oldest state kept</summary><table class="changes"><tbody>
    ${[...fieldsOf(order)].map(([name, value]) => html`<tr><th scope="row">${formatValue(name)}</th><td class="to">${formatField(name, value)}</td></tr>`)}
  </tbody></table></details>`;
}

/** @type {Readonly<Record<string, string>>} */
const kinds = {
  not_found: 'The exchange did not find the order',
  history_lookup: "Searched the exchange's history",
  watch_started: 'Watch started',
  watch_stopped: 'Watch stopped',
};

/** @param {{ of: AuditEntry }} properties */
function Entry({ of: { kind, by, observed_by: observedBy, request_id: request, attempts = [] } }) {
  const bad = kind === 'not_found' || kind === 'watch_stopped';
  return html`<div class="entry">
    <p><span class=${`tag ${bad ? 'warn' : ''}`}>${kinds[kind] ?? formatValue(kind)}</span>${by !== undefined && ` by ${formatValue(by)}`}</p>
    ${attempts.map(
      ({ source, outcome, rows, code }) =>
        html`<p class="attempt">${formatValue(source)}: ${formatValue(outcome).replaceAll('_', ' ')}, ${rows} rows${code !== undefined && ` (${formatValue(code)})`}</p>`,
    )}
    <p class="provenance">${observedBy !== undefined && `Observed by ${formatValue(observedBy)} · `}request ${formatValue(request)}</p>
  </div>`;
}
