import { isStale, Warnings } from './account-head.js';
import { ApiError, listAccounts } from './api.js';
import { age, count, time, visible } from './format.js';
import { html } from './html.js';
import { accountPattern } from './model.js';
import { usePolled } from './polling.js';

/** @typedef {import('./api.js').AccountOverview} AccountOverview */

/** All accounts at a glance. */
export function Accounts() {
  const { value: accounts, problem, isLoading } = usePolled(accountsOrNone, 'accounts');
  return html`
    <h1>Accounts</h1>
    ${problem !== undefined && html`<p class="notice bad" role="alert">${problem}</p>`}
    <${Warnings} of=${accounts ?? []} />
    ${isLoading && html`<p class="muted">Loading.</p>`}
    ${accounts === null && html`<${ByName} />`}
    ${
      accounts &&
      accounts.length > 0 &&
      html`<div class="scroll"><table class="grid cards accounts">
        <thead><tr>
          <th>Account</th><th>Exchange</th><th>Last list, UTC</th><th class="n">Age</th><th class="n">Open</th>
          <th class="n">Missing</th><th class="n">Unknown</th><th class="n">Inconsistent</th><th>Rate limit</th><th>Circuit breaker</th>
        </tr></thead>
        <tbody>${accounts.map((account) => html`<${Row} key=${account.account} of=${account} />`)}</tbody>
      </table></div>`
    }
    ${accounts?.length === 0 && html`<p class="muted">There is no account that you may see.</p>`}
  `;
}

/** `null` where IAM does not allow the caller to list them: such a caller may still see its own accounts. */
/** @param {unknown} _before @param {AbortSignal} signal */
async function accountsOrNone(_before, signal) {
  try {
    return await listAccounts(signal);
  } catch (error) {
    if (error instanceof ApiError && error.status === 403 && error.code === 'gateway') return null;
    throw error;
  }
}

/** Opens an account by its name. */
function ByName() {
  const open = (/** @type {{ preventDefault: () => void, currentTarget: HTMLFormElement }} */ event) => {
    event.preventDefault();
    location.hash = `#/${new FormData(event.currentTarget).get('account')}/live`;
  };
  return html`<form class="tools" onSubmit=${open}>
    <p class="muted">Your AWS credentials do not allow listing all accounts: enter the name of one.</p>
    <input name="account" type="search" required pattern=${accountPattern.source} aria-label="Name of the account" /><button>Open</button>
  </form>`;
}

/** @param {{ of: AccountOverview }} properties */
function Row({ of: { account, dialect, list, orders, rate_limit: limit, circuit_breaker: breaker, pause } }) {
  const used = Math.min(1, Math.max(0, limit.used));
  return html`<tr>
    <th scope="row"><a href=${`#/${account}/live`}>${account}</a></th>
    <td data-label="Exchange">${visible(dialect)}</td>
    <td data-label="Last list, UTC">${listState(list)}</td>
    <td data-label="Age" class=${`n ${isStale(list) ? 'warn' : ''}`}>${list.listed_at === undefined ? '–' : age(list.age_seconds)}</td>
    <td data-label="Open" class="n">${orders?.open ?? '–'}</td>
    <td data-label="Missing" class=${`n ${orders?.missing ? 'bad' : ''}`}>${orders?.missing ?? '–'}</td>
    <td data-label="Unknown" class=${`n ${orders?.unknown ? 'warn' : ''}`}>${orders?.unknown ?? '–'}</td>
    <td data-label="Inconsistent" class=${`n ${orders?.inconsistent ? 'bad' : ''}`}>${orders?.inconsistent ?? '–'}</td>
    <td data-label="Rate limit">
      <span class="bar" aria-hidden="true"><i class=${used > 0.8 ? 'high' : ''} style=${{ width: `${used * 100}%` }}></i></span>
      <span class="number">${Math.round(used * 100)} %</span>
    </td>
    <td data-label="Circuit breaker">${
      pause === undefined
        ? html`<span class=${breaker.state === 'closed' ? 'tag good' : 'tag bad'}>${breaker.state}</span>
            <small>${breaker.state !== 'closed' && breakerReason(breaker)}</small>`
        : html`<span class="tag warn">paused</span> <small>since ${time(pause.at)} UTC by ${visible(pause.by)}</small>`
    }</td>
  </tr>`;
}

/** @param {AccountOverview['circuit_breaker']} breaker */
function breakerReason({ reason, since }) {
  return `${visible(reason ?? '')}${since === undefined ? '' : ` since ${time(since)} UTC`}`;
}

/** @param {AccountOverview['list']} list */
function listState({ listed_at: at, orders, state }) {
  if (state === 'off') return html`<span class="tag">off</span>`;
  if (state === 'never' || at === undefined) return html`<span class="muted">never</span>`;
  const size = orders === undefined ? '' : html` <small class="number">${count(orders, 'order')}</small>`;
  return html`<span class="number">${time(at)}</span>${size}${state === 'untrusted' && html` <span class="tag bad">untrusted</span>`}`;
}
