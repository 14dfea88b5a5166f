import { html } from './html.js';

const views = /** @type {const} */ ([
  ['live', 'Live'],
  ['final', 'Final'],
  ['delays', 'Delays'],
]);

/**
 * The account's name and its views.
 * @param {{ account: string, view: 'live' | 'final' | 'delays', children?: import('preact').ComponentChildren }} properties
 */
export function AccountHead({ account, view, children }) {
  return html`<p class="path"><a href="#/">Accounts</a> / ${account}</p>
    <div class="tools">
      <h1>${account}</h1>
      <nav class="tabs" aria-label="Views of the account">
        ${views.map(([name, title]) => html`<a href=${`#/${account}/${name}`} aria-current=${name === view ? 'page' : undefined}>${title}</a>`)}
      </nav>
      ${children}
    </div>`;
}
