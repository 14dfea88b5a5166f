import type { Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import type { ConsoleFixture } from './console-fixture.ts';
import { type ConsoleBrowser, noBrowser, openView, startConsoleBrowser } from './console-page.ts';

const order = '39100000000131073';
const closed = '39100000000262209';
const hourMs = 3_600_000;

let browser: ConsoleBrowser | undefined;
let api: ConsoleFixture;

beforeAll(async () => {
  browser = await startConsoleBrowser();
  if (browser !== undefined) api = browser.api;
});
beforeEach(({ skip }) => skip(browser === undefined, noBrowser));
afterAll(() => browser?.stop());

const opened: Page[] = [];
afterEach(async () => {
  for (const page of opened.splice(0)) await page.context().close();
});

/** A separate page, whose timers run ahead when `pollIn` moves them. No other page polls at the same time. */
async function open(time = Date.now()): Promise<Page> {
  if (browser === undefined) throw new Error(noBrowser);
  const page = await browser.open({ time });
  opened.push(page);
  return page;
}
const pollIn = (page: Page) => page.clock.fastForward(5_100);

/** Moves them again and again, because a page that still waits for a response has no timer yet. Returns how often it was. */
async function pollUntil(page: Page, reached: () => boolean | Promise<boolean>, ms = 5_100): Promise<number> {
  let moved = 0;
  const move = async () => {
    if (await reached()) return true;
    moved += 1;
    await page.clock.fastForward(ms);
    return false;
  };
  await expect.poll(move, { timeout: 20_000 }).toBe(true);
  return moved;
}

const sent = (request: string) => api.requests.filter((each) => each === request).length;

it('the console updates its delays live, and does not fetch an unchanged history again', async () => {
  const page = await open();
  await openView(page, 'main/delays');
  await page.getByText('transitions of 29 orders').waitFor();
  const histories = () => api.requests.filter((each) => each.includes('/snapshots')).length;
  const before = histories();
  const [first] = api.orders.filter(({ id }) => id === closed);
  if (first === undefined) throw new Error(`the fixture has no order ${closed}`);
  api.orders.push({ ...first, id: '39100000000400001' });
  await pollIn(page);
  await page.getByText('transitions of 30 orders').waitFor();
  expect(histories()).toBe(before + 1);
});

it('a console page that becomes visible again and again polls no more often than before', async () => {
  const page = await open();
  const lists = () => sent('GET /accounts');
  const start = lists();
  // While the first response is still to come.
  await page.evaluate(
    `for (let times = 0; times < 5; times += 1) document.dispatchEvent(new Event('visibilitychange'))`,
  );
  await pollUntil(page, () => lists() > start);
  const before = lists();
  const moved = await pollUntil(page, () => lists() >= before + 4);
  expect(lists() - before).toBeLessThanOrEqual(moved);
});

it.each([-hourMs, hourMs])(
  "with a browser clock %d ms off, the console shows the latest state of an order, with the API's times",
  async (off) => {
    const page = await open(Date.now() + off);
    await openView(page, `main/order/${order}`);
    await page.locator('.facts').getByText('watched').waitFor();
    expect(await page.locator('.history li').count()).toBe(5);
    const [shown = ''] = /\d\d:\d\d:\d\d/.exec(await page.locator('.mark').innerText()) ?? [];
    const seconds = Date.parse(`${new Date().toISOString().slice(0, 11)}${shown}Z`) / 1_000 - Date.now() / 1_000;
    expect(Math.abs(seconds)).toBeLessThan(30);
  },
);

it('the console polls a final order by its ETag alone', async () => {
  const page = await open();
  await openView(page, `main/order/${closed}`);
  await page.getByText('Nothing observed since contradicts what this record said.').waitFor();
  const before = api.requests.length;
  const own = `GET /accounts/main/orders/${closed}?max_age=999999`;
  await pollUntil(page, () => sent(own) >= 2);
  expect(new Set(api.requests.slice(before))).toEqual(new Set([own]));
});

it('a console that lost its connection before anything was loaded does not look as if it were loading', async () => {
  const page = await open();
  await page.getByRole('link', { name: 'main' }).waitFor();
  api.lose(true);
  for (const view of ['main/live', 'main/delays', `main/order/${order}`]) {
    await openView(page, view);
    await page.getByText('The connection to the API was lost').waitFor();
    await page.getByText('Loading.').waitFor({ state: 'detached' });
  }
  api.lose(false);
  await pollIn(page);
  await page.getByRole('heading', { name: 'History' }).waitFor();
});

it('an API that no longer responds counts as lost, and a command that was sent to it as uncertain', async () => {
  const page = await open();
  await openView(page, `main/order/${order}`);
  await page.getByText('Nothing observed since contradicts what this record said.').waitFor();
  await page.route('**/watch', () => undefined);
  await page.getByRole('button', { name: 'Stop the watch' }).click();
  await page.getByRole('button', { name: 'Yes, stop the watch' }).click();
  await page.clock.fastForward(36_000);
  await page.getByText('It is not known whether that was done.').waitFor();
  await page.route('**/main/**', () => undefined);
  const notice = page.getByText('The connection to the API was lost');
  await pollUntil(page, () => notice.isVisible(), 16_000);
});

it('the table of the time slider names the time that it shows, and a failure shown there goes away', async () => {
  const page = await open();
  await openView(page, `main/order/${order}`);
  await page.getByText('Nothing observed since contradicts what this record said.').waitFor();
  api.lose(true);
  await page.getByRole('button', { name: 'Previous event' }).click();
  const moment = await page.getByRole('slider').getAttribute('aria-valuetext');
  await page.getByText('connection lost').waitFor();
  expect(await page.locator('.compare thead').innerText()).not.toContain(moment);
  api.lose(false);
  await pollIn(page);
  await page.getByRole('columnheader', { name: `What this record said at ${moment}` }).waitFor();
});

it('the time slider follows the newest event until a person chooses a time', async () => {
  const page = await open();
  const moment = () => page.getByRole('slider').getAttribute('aria-valuetext');
  await openView(page, `main/order/${order}`);
  await page.getByText('Nothing observed since contradicts what this record said.').waitFor();
  const before = await moment();
  await page.getByRole('button', { name: 'Stop the watch' }).click();
  await page.getByRole('button', { name: 'Yes, stop the watch' }).click();
  await page.getByText('The watch was stopped at').waitFor();
  expect(await moment()).not.toBe(before);
  await page.getByRole('button', { name: 'Previous event' }).click();
  expect(await moment()).toBe(before);
  await page.getByRole('button', { name: 'Start the watch' }).click();
  await page.getByRole('button', { name: 'Stop the watch' }).waitFor();
  expect(await moment()).toBe(before);
});

it('a failed refresh says how old the orders are that are still shown', async () => {
  const page = await open();
  await openView(page, 'main/live');
  await page.getByText('52 orders on this page').waitFor();
  const before = Date.now();
  const problem = { status: 503, json: { code: 'table_busy', detail: 'The table takes no requests.' } };
  await page.route('**/accounts/main/orders?*', (route) => route.fulfill(problem));
  await pollIn(page);
  const alert = await page.getByText('The table takes no requests. What you see is from').innerText();
  const [from = ''] = /\d\d:\d\d:\d\d/.exec(alert) ?? [];
  expect(Math.abs(Date.parse(`${new Date(before).toISOString().slice(0, 11)}${from}Z`) - before)).toBeLessThan(4_000);
  expect(await page.locator('.blotter tbody tr').count()).toBe(52);
});

it('the console names an error with a null body by its HTTP status', async () => {
  const page = await open();
  await openView(page, 'main/live');
  await page.getByText('52 orders on this page').waitFor();
  await page.route('**/accounts/main/orders?*', (route) => route.fulfill({ status: 502, body: 'null' }));
  await pollIn(page);
  await page.getByText('HTTP 502').waitFor();
});

it('a chart that was zoomed in stays zoomed in while new data arrives for the order', async () => {
  const page = await open();
  await openView(page, `main/order/${order}`);
  const chart = page.locator('.chart .u-over').first();
  await chart.waitFor();
  // How much of the chart is a time in which the record was late: all of it, between its two minutes.
  const late = async () =>
    Number(
      await page.evaluate(`(() => {
        const canvas = document.querySelector('.chart canvas');
        const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
        let pixels = 0;
        for (let at = 0; at < data.length; at += 4) if (data.slice(at, at + 3).join() === '242,217,168') pixels += 1;
        return pixels / (canvas.width * canvas.height);
      })()`),
    );
  await expect.poll(late, { timeout: 20_000 }).toBeGreaterThan(0.1);
  expect(await late()).toBeLessThan(0.3);
  const { x = 0, y = 0, width = 0 } = (await chart.boundingBox()) ?? {};
  await page.mouse.move(x + width * 0.47, y + 50);
  await page.mouse.down();
  await page.mouse.move(x + width * 0.6, y + 50, { steps: 5 });
  await page.mouse.up();
  await expect.poll(late, { timeout: 20_000 }).toBeGreaterThan(0.5);
  const polled = sent(`GET /accounts/main/orders/${order}?max_age=999999`);
  await pollUntil(page, () => sent(`GET /accounts/main/orders/${order}?max_age=999999`) > polled);
  await page.waitForFunction(
    'new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(() => resolve(true))))',
  );
  expect(await late()).toBeGreaterThan(0.5);
});

it('a console view that fails to render says so, and the next view renders', async () => {
  const page = await open();
  await page.route('**/accounts', (route) => route.fulfill({ json: { accounts: [{ account: 'main' }] } }));
  await openView(page, 'hedge/live');
  await page.getByText('No live orders.').waitFor();
  await openView(page, '');
  await page.getByText('This view cannot be shown').waitFor();
  await openView(page, 'hedge/final');
  await page.getByText('No final orders.').waitFor();
});
