import { render } from 'preact';
import { useEffect, useErrorBoundary, useRef, useState } from 'preact/hooks';
import { Accounts } from './accounts.js';
import { keepsDigits } from './api.js';
import { Blotter } from './blotter.js';
import { Delays } from './delays.js';
import { visible } from './format.js';
import { html } from './html.js';
import { accountPattern, orderIdPattern } from './model.js';
import { Order } from './order.js';
import { ConnectionMark, ConnectionNotice } from './polling.js';

/** The view that the part of the address behind # names, and what the browser calls it. @param {string} hash */
function viewOf(hash) {
  const [account = '', view = 'live', id = '', ...rest] = hash.replace(/^#?\/?/, '').split('/');
  if (account === '') return { title: 'Accounts', view: html`<${Accounts} />` };
  if (accountPattern.test(account) && rest.length === 0) {
    const orderId = decoded(id);
    if (view === 'order' && orderIdPattern.test(orderId)) {
      const order = html`<${Order} key=${hash} account=${account} orderId=${orderId} />`;
      return { title: `${visible(orderId)} · ${account}`, view: order };
    }
    if (view === 'delays')
      return { title: `${account} · delays`, view: html`<${Delays} key=${hash} account=${account} />` };
    if (view === 'live' || view === 'final')
      return { title: `${account} · ${view}`, view: html`<${Blotter} key=${hash} account=${account} list=${view} />` };
  }
  return {
    title: 'Not found',
    view: html`<h1>Not found</h1><p>This address names no view of the console. <a href="#/">Accounts</a></p>`,
  };
}

/** @param {string} text */
function decoded(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** Says what went wrong where a view cannot be drawn, instead of nothing. */
/** @param {{ children?: import('preact').ComponentChildren }} properties */
function Guarded({ children }) {
  const [error] = useErrorBoundary();
  if (error === undefined) return children;
  const reason = error instanceof Error ? error.message : String(error);
  return html`<p class="notice bad" role="alert">This view cannot be shown: ${reason}. Load the page again.</p>`;
}

function App() {
  const [hash, setHash] = useState(location.hash);
  /** @type {import('preact').RefObject<HTMLElement | null>} */
  const main = useRef(null);
  const { title, view } = viewOf(hash);
  useEffect(() => {
    const moved = () => {
      setHash(location.hash);
      window.scrollTo(0, 0);
      // The link that was followed is gone: the keyboard goes on from the new view.
      main.current?.focus({ preventScroll: true });
    };
    window.addEventListener('hashchange', moved);
    return () => window.removeEventListener('hashchange', moved);
  }, []);
  useEffect(() => {
    document.title = `${title} · Order state snapshots`;
  }, [title]);
  return html`
    <header class="top">
      <a class="brand" href="#/">Order state snapshots</a>
      <${ConnectionMark} />
    </header>
    <${ConnectionNotice} />
    ${!keepsDigits && html`<p class="notice warn" role="status">This browser rounds long numbers within details. A newer one shows every digit.</p>`}
    <main tabindex="-1" ref=${main}><${Guarded} key=${hash}>${view}<//></main>
  `;
}

const place = document.getElementById('console');
if (place !== null) {
  place.replaceChildren();
  render(html`<${App} />`, place);
}
