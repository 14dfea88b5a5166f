/**
 * What the views compute from responses; nothing here touches the page.
 *
 * @typedef {import('./api.js').SnapshotRow} SnapshotRow
 * @typedef {import('./api.js').ListedOrder} ListedOrder
 */

/** Names of accounts and ids of orders, as the API takes them. `v` is the flag of a `pattern` attribute. */
export const accountPattern = /^[a-z0-9\-]{1,32}$/v;
export const orderIdPattern = /^[A-Za-z0-9._-]{1,64}$/;

/** A live order that was confirmed longer ago than this may be stale. */
export const staleOrderSeconds = 120;

/** Whether older states exist than these: only the oldest of all has no changes. @param {readonly SnapshotRow[]} snapshots Newest first. */
export function isCut(snapshots) {
  return (snapshots.at(-1)?.changes.length ?? 0) > 0;
}

/** A state of an order: when it began by the exchange's clock, and when this record first had it. Milliseconds. */
/** @typedef {{ at: number, observed: number, state: string, filled: number }} Transition */

/** @param {SnapshotRow} row @returns {Transition} */
export function transitionOf({ order, first_observed_at: observed }) {
  return {
    at: order.last_update_timestamp,
    observed: Date.parse(observed),
    state: order.order_state,
    // For the height of a line; the table shows the digits.
    filled: Number(order.filled_amount ?? 0),
  };
}

/**
 * One value over time, twice: as the exchange had it and as this record had it. Where they differ, we were late.
 * @param {readonly Transition[]} transitions By rank, oldest first.
 * @param {(transition: Transition) => number} read
 * @param {number} end Where the lines end, milliseconds.
 * @returns {[number[], (number | null)[], (number | null)[]]} Seconds since the Unix epoch, the exchange's, ours.
 */
export function stepsOf(transitions, read, end) {
  const times = [...new Set([...transitions.flatMap(({ at, observed }) => [at, observed]), end])].sort((a, b) => a - b);
  const exchange = times.map((moment) => latest(transitions, (each) => each.at <= moment, read));
  const ours = times.map((moment) => latest(transitions, (each) => each.observed <= moment, read));
  return [times.map((moment) => moment / 1_000), exchange, ours];
}

/**
 * When this record did not have the state that the order was in.
 * @param {readonly Transition[]} transitions By rank, oldest first. @param {number} end Milliseconds.
 * @returns {[from: number, to: number][]} Seconds since the Unix epoch.
 */
export function gapsOf(transitions, end) {
  const [times, exchange, ours] = stepsOf(transitions, (transition) => transitions.indexOf(transition), end);
  return times.flatMap(
    /** @returns {[from: number, to: number][]} */
    (from, index) => {
      const to = times[index + 1];
      return to === undefined || exchange[index] === ours[index] ? [] : [[from, to]];
    },
  );
}

/**
 * @param {readonly Transition[]} transitions @param {(transition: Transition) => boolean} isKnown
 * @param {(transition: Transition) => number} read
 */
function latest(transitions, isKnown, read) {
  const found = transitions.findLast(isKnown);
  return found === undefined ? null : read(found);
}

/** The members of an order, those of `details` individually. @param {SnapshotRow['order']} order */
export function fieldsOf({ details, ...fields }) {
  /** @type {Map<string, unknown>} */
  const members = new Map(Object.entries(fields));
  for (const [name, value] of Object.entries(details)) members.set(`details.${name}`, value);
  return members;
}

/**
 * Two states of an order side by side, field by field, those that differ first.
 * @param {SnapshotRow | undefined} one @param {SnapshotRow | undefined} other
 * @returns {{ field: string, one: unknown, other: unknown, differs: boolean }[]}
 */
export function compareOrders(one, other) {
  const left = one === undefined ? new Map() : fieldsOf(one.order);
  const right = other === undefined ? new Map() : fieldsOf(other.order);
  return [...new Set([...left.keys(), ...right.keys()])]
    .map((field) => {
      const values = { one: left.get(field), other: right.get(field) };
      return { field, ...values, differs: JSON.stringify(values.one) !== JSON.stringify(values.other) };
    })
    .sort((a, b) => Number(b.differs) - Number(a.differs));
}

/** Upper edges, in milliseconds. */
const edges = [
  250,
  500,
  1_000,
  2_000,
  4_000,
  8_000,
  15_000,
  30_000,
  60_000,
  300_000,
  900_000,
  Number.POSITIVE_INFINITY,
];

/** @param {readonly number[]} delays Milliseconds. @returns {{ below: number, count: number }[]} */
export function histogramOf(delays) {
  return edges.map((below, index) => {
    const from = index === 0 ? Number.NEGATIVE_INFINITY : (edges[index - 1] ?? 0);
    return { below, count: delays.filter((delay) => delay >= from && delay < below).length };
  });
}

/** @param {readonly number[]} values @param {number} share 0.5 is the median. */
export function quantile(values, share) {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)];
}

/**
 * How much is filled, 0 to 1; for a bar's width.
 * @param {{ filled_amount?: string | undefined, amount?: string | undefined }} order
 */
export function filledShare({ filled_amount: filled, amount }) {
  const share = Number(filled ?? 0) / Number(amount ?? 0);
  return Number.isFinite(share) ? Math.min(1, Math.max(0, share)) : 0;
}

const attention = new Set(['missing', 'unknown', 'inconsistent', 'unconfirmed']);
/** @param {ListedOrder} row */
export const needsAttention = ({ status }) => attention.has(status);

/** @typedef {'instrument_name' | 'order_id' | 'direction' | 'order_type' | 'price' | 'filled' | 'status' | 'age_seconds' | 'closed_at'} SortKey */

/** @param {ListedOrder} row @param {SortKey} key @returns {string | number} */
function sortValue(row, key) {
  if (key === 'filled') return filledShare(row);
  if (key === 'price') return Number(row.price ?? Number.NaN);
  if (key === 'age_seconds') return row.age_seconds ?? Number.POSITIVE_INFINITY;
  return row[key] ?? '';
}

/**
 * Rows that hold the text, those in need of attention first.
 * @param {readonly ListedOrder[]} rows @param {string} text @param {{ key: SortKey, descending: boolean }} order
 */
export function filterAndSort(rows, text, { key, descending }) {
  const wanted = text.trim().toLowerCase().split(/\s+/);
  const found = rows.filter((row) => {
    const { instrument_name: instrument, order_id: id, direction, order_type: type, order_state: state, price } = row;
    const all = [instrument, id, direction, type, state, price, row.status].join(' ').toLowerCase();
    return wanted.every((word) => all.includes(word));
  });
  return found.toSorted((a, b) => {
    const urgent = Number(needsAttention(b)) - Number(needsAttention(a));
    const [left, right] = [sortValue(a, key), sortValue(b, key)];
    // What is no number comes last.
    const missing = Number(Number.isNaN(left)) - Number(Number.isNaN(right));
    const by = left < right ? -1 : left > right ? 1 : 0;
    return urgent || missing || (descending ? -by : by) || (a.order_id < b.order_id ? -1 : 1);
  });
}

/**
 * The latest command about the watch.
 * @param {readonly import('./api.js').AuditEntry[]} entries Newest first.
 */
export function latestCommand(entries) {
  return entries.find(({ kind }) => kind === 'watch_started' || kind === 'watch_stopped');
}
