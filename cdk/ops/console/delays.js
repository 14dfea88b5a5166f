import { useEffect, useState } from 'preact/hooks';
import { AccountHead } from './account-head.js';
import { listOrders, listSnapshots } from './api.js';
import { Histogram } from './charts.js';
import { count, duration, shown, time } from './format.js';
import { html } from './html.js';
import { histogramOf, quantile } from './model.js';

/** @typedef {{ delay: number, at: number, orderId: string, state: string }} Delay */

/** Of each list, the newest orders. */
const sampled = 25;
const atOnce = 4;

/** How long it took from a transition at the exchange to its snapshot here. @param {{ account: string }} properties */
export function Delays({ account }) {
  const [{ delays, done, all, problem }, setState] = useState(
    /** @type {{ delays: readonly Delay[], done: number, all: number, problem?: string }} */ ({
      delays: [],
      done: 0,
      all: 0,
    }),
  );
  useEffect(() => {
    let ended = false;
    collect(
      account,
      (delays, done, all) => !ended && setState({ delays, done, all }),
      () => ended,
    ).catch((error) => {
      if (!ended) setState((before) => ({ ...before, problem: error instanceof Error ? error.message : 'It failed.' }));
    });
    return () => {
      ended = true;
    };
  }, [account]);
  const ms = delays.map(({ delay }) => delay);
  const worst = delays.toSorted((a, b) => b.delay - a.delay).slice(0, 8);
  return html`<main>
    <${AccountHead} account=${account} view="delays" />
    ${problem !== undefined && html`<p class="notice bad" role="alert">${problem}</p>`}
    <h2>From transition to snapshot</h2>
    <p class="muted" role="status">${done < all || all === 0 ? `Reading histories: ${done} of ${all} orders.` : `${count(delays.length, 'transition')} of ${count(all, 'order')}: the newest of each list. Only transitions after the order became known here count.`}</p>
    ${
      delays.length > 0 &&
      html`<dl class="facts">
          ${[
            ['Median', 0.5],
            ['90 %', 0.9],
            ['99 %', 0.99],
            ['Longest', 1],
          ].map(
            ([name, share]) =>
              html`<div><dt>${name}</dt><dd class="number">${duration(quantile(ms, Number(share)) ?? 0)}</dd></div>`,
          )}
        </dl>
        <section><${Histogram} bins=${histogramOf(ms)} label=${`Histogram of ${count(ms.length, 'delay')}, median ${duration(quantile(ms, 0.5) ?? 0)}`} /></section>
        <h2>The longest</h2>
        <div class="scroll"><table class="grid cards"><thead><tr><th>Order</th><th>Became</th><th>Transition</th><th class="n">Delay</th></tr></thead>
        <tbody>${worst.map(
          ({ orderId, state, at, delay }) =>
            html`<tr><th scope="row"><a href=${`#/${account}/order/${encodeURIComponent(orderId)}`}>${shown(orderId)}</a></th><td data-label="Became">${shown(state)}</td><td data-label="Transition" class="number">${time(at)}</td><td data-label="Delay" class="n">${duration(delay)}</td></tr>`,
        )}</tbody></table></div>`
    }
  </main>`;
}

/**
 * @param {string} account @param {(delays: readonly Delay[], done: number, all: number) => void} report
 * @param {() => boolean} isEnded
 */
async function collect(account, report, isEnded) {
  const pages = await Promise.all([listOrders(account, 'final', sampled), listOrders(account, 'live', sampled)]);
  const orders = pages.flatMap((page) => page.orders);
  /** @type {Delay[]} */
  const delays = [];
  report(delays, 0, orders.length);
  for (let done = 0; done < orders.length && !isEnded(); done += atOnce) {
    const histories = orders.slice(done, done + atOnce).map(async ({ order_id: orderId, opened_at: opened }) => {
      const rows = await listSnapshots(account, orderId);
      const after = rows.filter(({ order }) => order.last_update_timestamp > Date.parse(opened));
      return after.map(({ order, first_observed_at: observed }) => {
        const { last_update_timestamp: at, order_state: state } = order;
        return { delay: Date.parse(observed) - at, at, orderId, state };
      });
    });
    delays.push(...(await Promise.all(histories)).flat());
    report([...delays], Math.min(done + atOnce, orders.length), orders.length);
  }
  if (orders.length === 0) report([], 1, 1);
}
