import { render } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { Accounts } from './accounts.js';
import { keepsDigits } from './api.js';
import { Blotter } from './blotter.js';
import { Delays } from './delays.js';
import { html } from './html.js';
import { Order } from './order.js';
import { ConnectionMark, ConnectionNotice } from './polling.js';

/** The view that the part of the address behind # names. @param {string} hash */
function viewOf(hash) {
  const [account = '', view = 'live', id = ''] = hash.replace(/^#\//, '').split('/');
  if (!/^[a-z0-9-]{1,32}$/.test(account)) return html`<${Accounts} />`;
  if (view === 'order') return html`<${Order} key=${hash} account=${account} orderId=${decoded(id)} />`;
  if (view === 'delays') return html`<${Delays} key=${hash} account=${account} />`;
  return html`<${Blotter} key=${hash} account=${account} list=${view === 'final' ? 'final' : 'live'} />`;
}

/** @param {string} text */
function decoded(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function App() {
  const [hash, setHash] = useState(location.hash);
  useEffect(() => {
    const moved = () => {
      setHash(location.hash);
      window.scrollTo(0, 0);
    };
    window.addEventListener('hashchange', moved);
    return () => window.removeEventListener('hashchange', moved);
  }, []);
  return html`
    <header class="top">
      <a class="brand" href="#/">Order state snapshots</a>
      <${ConnectionMark} />
    </header>
    <${ConnectionNotice} />
    ${!keepsDigits && html`<p class="notice warn" role="status">This browser rounds long numbers within details. A newer one shows every digit.</p>`}
    ${viewOf(hash)}
  `;
}

const place = document.getElementById('console');
if (place !== null) {
  place.replaceChildren();
  render(html`<${App} />`, place);
}
