import { getAccount } from './api.js';
import { duration, time, visible } from './format.js';
import { html } from './html.js';
import { usePolled } from './polling.js';

/** @typedef {import('./api.js').AccountOverview} AccountOverview */

const views = /** @type {const} */ ([
  ['live', 'Live'],
  ['final', 'Final'],
  ['delays', 'Delays'],
]);

/** A trusted list of an account comes every few seconds: this is late. */
const staleListSeconds = 60;

/**
 * The account's name and its views, and what a person should know of it.
 * @param {{ account: string, view: 'live' | 'final' | 'delays', children?: import('preact').ComponentChildren }} properties
 */
export function AccountHead({ account, view, children }) {
  // What fails here fails in the view itself too, and is reported there.
  const { value: overview } = usePolled((_before, signal) => getAccount(account, signal), account);
  return html`<p class="path"><a href="#/">Accounts</a> / ${account}</p>
    <div class="tools">
      <h1>${account}</h1>
      <nav class="tabs" aria-label="Views of the account">
        ${views.map(([name, title]) => html`<a href=${`#/${account}/${name}`} aria-current=${name === view ? 'page' : undefined}>${title}</a>`)}
      </nav>
      ${children}
    </div>
    <${Warnings} of=${overview === undefined ? [] : [overview]} />`;
}

/** @param {{ of: readonly AccountOverview[] }} properties */
export function Warnings({ of: accounts }) {
  const sentences = accounts.flatMap(warningsOf);
  return sentences.length > 0
    ? html`<div class="notice warn" role="status">${sentences.map((sentence) => html`<p>${sentence}</p>`)}</div>`
    : null;
}

/** @param {AccountOverview['list']} list */
export function isStale({ age_seconds: seconds, state }) {
  return state === 'trusted' && seconds !== undefined && seconds > staleListSeconds;
}

/** What a person should know of an account, each as a sentence. @param {AccountOverview} view @returns {string[]} */
function warningsOf({ account, list, orders, circuit_breaker: breaker, over_capacity: overCapacity, pause }) {
  const sentences = [];
  if (isStale(list) && (orders?.open ?? 0) > 0)
    sentences.push(
      `The last list of account ${account} is ${duration((list.age_seconds ?? 0) * 1_000)} old: what is shown of its orders may be stale.`,
    );
  if (list.state === 'untrusted')
    sentences.push(
      `The lists of account ${account} are not trusted${list.reason === undefined ? '' : ` (${visible(list.reason)})`}: each order is checked individually${list.next_at === undefined ? '.' : `, and the list is tried again at ${time(list.next_at)} UTC.`}`,
    );
  if (breaker.state === 'open')
    sentences.push(
      `Scheduled checks of account ${account} wait: ${visible(breaker.reason ?? 'the circuit breaker is open')}.`,
    );
  if (pause !== undefined)
    sentences.push(
      `Account ${account} is paused${pause.until === undefined ? '' : ` until ${time(pause.until)} UTC`}.`,
    );
  if (overCapacity) sentences.push(`Account ${account} has more watched orders than can be checked in time.`);
  return sentences;
}
