import type { Page } from 'playwright-core';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import type { ConsoleFixture } from './console-fixture.ts';
import { type ConsoleBrowser, openView as goTo, noBrowser, startConsoleBrowser } from './console-page.ts';

const order = '39100000000131073';
/** On the second page of the live orders. */
const later = '39100000000300052';

let browser: ConsoleBrowser | undefined;
let api: ConsoleFixture;
let page: Page;

beforeAll(async () => {
  browser = await startConsoleBrowser();
  if (browser === undefined) return;
  api = browser.api;
  page = await browser.open();
});
beforeEach(({ skip }) => skip(browser === undefined, noBrowser));
afterAll(() => browser?.stop());

const go = (view: string) => goTo(page, view);
const focused = () => page.evaluate('document.activeElement.getAttribute("href") ?? document.activeElement.tagName');

it.each([
  ['', 'Accounts'],
  ['main/live', 'main · live'],
  ['main/final', 'main · final'],
  ['main/delays', 'main · delays'],
  [`main/order/${order}`, `${order} · main`],
])('the title of the console page #/%s names what is shown', async (view, title) => {
  await go(view);
  await expect.poll(() => page.title(), { timeout: 20_000 }).toBe(`${title} · Order state snapshots`);
});

it('following a link moves the keyboard focus into the new view, and going back restores focus and filter', async () => {
  await go('main/live');
  await page.getByRole('searchbox').fill('eth-perpetual buy');
  await page.getByText(/with “eth-perpetual buy” on all pages/).waitFor();
  const link = page.locator('.blotter tbody tr').nth(2).getByRole('link');
  const address = await link.getAttribute('href');
  await link.press('Enter');
  await page.getByRole('heading', { name: 'History' }).waitFor();
  await expect.poll(focused, { timeout: 20_000 }).toBe('MAIN');
  await page.keyboard.press('Tab');
  expect(await focused()).toBe('#/');
  await page.goBack();
  await page.getByText(/with “eth-perpetual buy” on all pages/).waitFor();
  await expect.poll(focused, { timeout: 20_000 }).toBe(address);
  expect(await page.getByRole('searchbox').inputValue()).toBe('eth-perpetual buy');
  await go('hedge/live');
  await go('main/live');
  await page.getByText('52 orders on this page').waitFor();
});

it('going back restores the page and the sort order of a list', async () => {
  await page.getByRole('button', { name: 'Price' }).click();
  await page.getByRole('button', { name: 'Next →' }).click();
  await page.getByText('7 orders on this page').waitFor();
  await page.locator('.blotter tbody tr').nth(0).getByRole('link').click();
  await page.getByRole('heading', { name: 'History' }).waitFor();
  await page.goBack();
  await page.getByText('7 orders on this page').waitFor();
  expect(await page.locator('th[aria-sort="ascending"]').innerText()).toContain('Price');
});

it("the console's filter finds an order that is on another page, and an id that is in no list can be opened", async () => {
  await go('main/final');
  await go('main/live');
  await page.getByText('52 orders on this page').waitFor();
  expect(await page.getByText(later).count()).toBe(0);
  await page.keyboard.press('/');
  await page.keyboard.type(later);
  await page.getByText(`1 order with “${later}” on all pages`).waitFor();
  expect(await page.locator('.blotter tbody tr').innerText()).toContain(later);

  await page.getByRole('searchbox').fill('39100000000999999');
  await page.getByRole('link', { name: 'Open order 39100000000999999 by its id' }).click();
  await page.getByRole('heading', { name: 'Order 39100000000999999' }).waitFor();
});

it('an unknown order is described in a sentence, without empty charts, and can be put on watch', async () => {
  await page.getByText('This record has no state of the order, and knows of no watch.').waitFor();
  expect(await page.locator('.chart, .sell, .history').count()).toBe(0);
  expect(await page.locator('main').innerText()).not.toContain('–');
  await page.getByRole('button', { name: 'Start the watch' }).waitFor();
});

it('an order on watch that no check has found yet is described in a sentence', async () => {
  api.orders.push({ id: '39100000000999998', status: 'unconfirmed', fields: {}, age: 0 });
  await go('main/order/39100000000999998');
  await page.getByText('No check has found the order yet: nothing is known of its state.').waitFor();
  expect(await page.locator('.facts').innerText()).toMatch(/^Status\s+unconfirmed$/);
  await page.getByRole('button', { name: 'Stop the watch' }).waitFor();
  expect(await page.locator('.chart').count()).toBe(0);
  api.orders.pop();
});

it.each(['MAIN/live', 'main/nothing', 'main/order', 'main/order/1/2', 'main/order/a%2Fb', 'main/order/a%20b', '%00'])(
  'the console reports that #/%s is no view',
  async (view) => {
    await go(view);
    await page.getByText('This address names no view of the console.').waitFor();
  },
);

it('an unknown account is reported in a sentence, without a table that never finishes loading', async () => {
  for (const view of ['live', 'delays']) {
    await go(`nobody/${view}`);
    await page.getByText('This stage has no account nobody; its accounts are in the stage table.').waitFor();
    expect(await page.getByText(/Loading|Reading/).count()).toBe(0);
    expect(await page.locator('table').count()).toBe(0);
  }
});

it('an order of an unknown account is reported under a heading with its id', async () => {
  await go(`nobody/order/${order}`);
  await page.getByText('This stage has no account nobody; its accounts are in the stage table.').waitFor();
  await page.getByRole('heading', { name: `Order ${order}`, level: 1 }).waitFor();
});

it('a console page that has requested nothing shows no connection', async () => {
  const other = await browser?.open();
  if (other === undefined) throw new Error('the browser has closed');
  await other.goto(`${other.url().replace(/#.*/, '')}#/main/nothing`);
  await other.reload();
  await other.getByText('This address names no view of the console.').waitFor();
  expect(await other.locator('.mark').count()).toBe(0);
  await other.close();
});

it('a history that goes further back than the console reads says how many states are shown', async () => {
  await go(`main/order/${order}`);
  await page.getByText('oldest state kept').waitFor();
  expect(await page.getByText(/Only the latest/).count()).toBe(0);
  await page.route('**/snapshots?limit=100', async (route) => {
    const response = await route.fetch();
    const history: { snapshots: unknown[] } = await response.json();
    await route.fulfill({ response, json: { ...history, snapshots: history.snapshots.slice(0, 2) } });
  });
  await page.reload();
  await page.getByText('Only the latest 2 states are shown.').waitFor();
  await page.unroute('**/snapshots?limit=100');
});

it('an account without orders is shown as having none', async () => {
  await go('hedge/live');
  await page.getByText('No live orders.').waitFor();
  await go('hedge/final');
  await page.getByText('No final orders.').waitFor();
  expect(await page.locator('table').count()).toBe(0);
});

it('the console shows the problems of an account above its orders, too', async () => {
  await go('options/live');
  await page.getByText('Scheduled checks of account options wait: maintenance.').waitFor();
});

it('pressing Enter twice does not stop a watch', async () => {
  await go(`main/order/${order}`);
  await page.getByRole('button', { name: 'Stop the watch' }).press('Enter');
  await page.getByRole('button', { name: 'Yes, stop the watch' }).waitFor();
  await page.keyboard.press('Enter');
  await page.getByRole('button', { name: 'Stop the watch', exact: true }).waitFor();
  expect(api.requests.filter((sent) => sent.startsWith('DELETE'))).toEqual([]);
});

it('an order can be opened in a new tab', async () => {
  await go('main/live');
  const link = page.locator('.blotter tbody tr').nth(0).getByRole('link');
  const [tab] = await Promise.all([page.context().waitForEvent('page'), link.click({ modifiers: ['ControlOrMeta'] })]);
  await tab.getByRole('heading', { name: 'History' }).waitFor();
  await tab.close();
});

it('the filter says how many orders it searched when the account has more', async () => {
  const [first] = api.orders;
  if (first === undefined) throw new Error('the fixture has no orders');
  for (let more = 0; more < 500; more += 1)
    api.orders.push({ ...first, id: `3910000000050${String(more).padStart(4, '0')}` });
  await go('main/live');
  await page.getByText('52 orders on this page').waitFor();
  await page.keyboard.press('/');
  await page.keyboard.type('39100000000500499');
  await page.getByText('0 orders with “39100000000500499” among the first 502').waitFor();
  await page.getByRole('link', { name: 'Open order 39100000000500499 by its id' }).waitFor();
});
