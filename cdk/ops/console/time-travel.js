import { useEffect, useState } from 'preact/hooks';
import { errorMessage, getStateAt } from './api.js';
import { count, formatField, formatValue, time } from './format.js';
import { html } from './html.js';
import { compareOrders } from './model.js';

/** @typedef {import('./api.js').SnapshotRow} SnapshotRow */

const settleMs = 120;
const againMs = 5_000;

/**
 * A moment on a slider: what this record said then (`believed_at`), and beside it what was true as far as is known today (`at`). It is the newest
 * one until a person chooses another.
 * @param {{ account: string, orderId: string, snapshots: readonly SnapshotRow[], entries: readonly import('./api.js').AuditEntry[] }} properties
 */
export function TimeTravel({ account, orderId, snapshots, entries }) {
  const moments = momentsOf(snapshots, entries);
  const first = moments[0] ?? 0;
  const last = moments.at(-1) ?? first;
  const margin = Math.max(1_000, Math.round((last - first) * 0.03));
  const [chosen, choose] = useState(/** @returns {number | undefined} */ () => undefined);
  const moment = chosen ?? last;
  const { states, problem } = useBothStates(account, orderId, moment, snapshots[0]?.rank);
  return html`<section class="travel" aria-label="Time slider">
    <h2>State at a moment</h2>
    <div class="slider">
      <button type="button" onClick=${() => choose(moments.findLast((each) => each < moment) ?? first)} aria-label="Previous event">◀</button>
      <input type="range" min=${first - margin} max=${last + margin} step="1" value=${moment} aria-label="Moment"
        aria-valuetext=${`${time(moment)} UTC`}
        onKeyDown=${(/** @type {KeyboardEvent} */ event) => choose((before = last) => stepped(event, before, margin))}
        onInput=${(/** @type {{ currentTarget: HTMLInputElement }} */ event) => choose(Number(event.currentTarget.value))} />
      <button type="button" onClick=${() => choose(moments.find((each) => each > moment) ?? last)} aria-label="Next event">▶</button>
      <output class="number">${time(moment)} UTC</output>
    </div>
    ${problem !== undefined && html`<p class="notice bad" role="alert">${problem}</p>`}
    ${states !== undefined && html`<${Comparison} of=${states} />`}
  </section>`;
}

/** @typedef {{ moment: number, believed: SnapshotRow | undefined, actual: SnapshotRow | undefined }} BothStates */

/** @param {{ of: BothStates }} properties */
function Comparison({ of: { moment, believed, actual } }) {
  const rows = compareOrders(believed, actual);
  const differing = rows.filter(({ differs }) => differs).length;
  const sentence =
    believed === undefined && actual === undefined
      ? 'This record has no state of the order at that time.'
      : differing === 0
        ? 'Nothing observed since contradicts what this record said.'
        : believed === undefined
          ? 'This record did not know the order yet.'
          : `What this record said differs in ${count(differing, 'field')}: it had not observed the newer state yet.`;
  return html`<p class=${`verdict ${differing === 0 ? '' : 'warn'}`} role="status">${sentence}</p>
    ${
      rows.length > 0 &&
      html`<div class="scroll"><table class="grid compare">
      <thead><tr>
        <th>Field</th>
        <th>What this record said at ${time(moment)} UTC</th>
        <th>What is known today of ${time(moment)} UTC</th>
      </tr></thead>
      <tbody>${rows.map(
        ({ field, one, other, differs }) => html`<tr class=${differs ? 'differs' : ''} key=${field}>
          <th scope="row">${formatValue(field)}${differs && html` <span class="mark-differs" title="differs">≠<span class="hidden"> differs</span></span>`}</th>
          <td class="number">${formatField(field, one)}</td><td class="number">${formatField(field, other)}</td>
        </tr>`,
      )}</tbody>
    </table></div>`
    }`;
}

/** Arrow keys move by a hundredth of the range, not by its smallest step. @param {KeyboardEvent} event @param {number} before @param {number} margin */
function stepped(event, before, margin) {
  const direction = { ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1 }[event.key];
  if (direction === undefined || !(event.target instanceof HTMLInputElement)) return before;
  event.preventDefault();
  const step = Math.max(1, Math.round(margin / 3));
  return Math.min(Number(event.target.max), Math.max(Number(event.target.min), before + direction * step));
}

/**
 * When something began at the exchange or became known here, oldest first.
 * @param {readonly SnapshotRow[]} snapshots @param {readonly import('./api.js').AuditEntry[]} entries
 */
function momentsOf(snapshots, entries) {
  const all = snapshots.flatMap(({ order, first_observed_at: observed }) => [
    order.last_update_timestamp,
    Date.parse(observed),
  ]);
  return [...new Set([...all, ...entries.map(({ at }) => Date.parse(at))])].sort((a, b) => a - b);
}

/**
 * What was loaded last, with its own moment: that of the slider may be further already.
 * @param {string} account @param {string} orderId @param {number} moment @param {string | undefined} newest
 */
function useBothStates(account, orderId, moment, newest) {
  const [result, setResult] = useState(
    /** @returns {{ states: BothStates | undefined, problem: string | undefined }} */
    () => ({ states: undefined, problem: undefined }),
  );
  useEffect(() => {
    const ended = new AbortController();
    const { signal } = ended;
    /** @type {ReturnType<typeof setTimeout>} */
    let timer;
    const load = async () => {
      try {
        const [believed, actual] = await Promise.all([
          getStateAt(account, orderId, 'believed_at', moment, signal),
          getStateAt(account, orderId, 'at', moment, signal),
        ]);
        const states = { moment, believed: believed.snapshots[0], actual: actual.snapshots[0] };
        setResult({ states, problem: undefined });
      } catch (error) {
        if (signal.aborted) return;
        setResult(({ states }) => ({ states, problem: errorMessage(error) }));
        timer = setTimeout(load, againMs);
      }
    };
    timer = setTimeout(load, settleMs);
    return () => {
      clearTimeout(timer);
      ended.abort();
    };
  }, [account, orderId, moment, newest]);
  return result;
}
