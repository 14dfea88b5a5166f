import { mkdir, rename } from 'node:fs/promises';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { behindOrder, type ConsoleFixture } from './console-fixture.ts';
import { hostileLabel } from './console-orders.ts';
import { type ConsoleBrowser, openView as goTo, noBrowser, startConsoleBrowser } from './console-page.ts';

/** `CONSOLE_SCREENSHOTS=.github/images` keeps the pictures that the README shows. */
const screenshots = process.env['CONSOLE_SCREENSHOTS'];
const order = '39100000000131073';

let browser: ConsoleBrowser | undefined;
let api: ConsoleFixture;
let page: Page;
let complaints: string[] = [];

beforeAll(async () => {
  browser = await startConsoleBrowser();
  if (browser === undefined) return;
  ({ api, complaints } = browser);
  page = await browser.open({ colorScheme: 'light' });
});
beforeEach(({ skip }) => skip(browser === undefined, noBrowser));
afterAll(() => browser?.stop());

const go = (view: string) => goTo(page, view);

/** A picture for the README, if they are wanted. */
async function picture(of: Page, name: string, height: number): Promise<void> {
  if (screenshots === undefined) return;
  await mkdir(screenshots, { recursive: true });
  const path = join(screenshots, `${name}.png`);
  const { width = 0 } = of.viewportSize() ?? {};
  const clip = { x: 0, y: 0, width, height };
  await of.screenshot({ path: `${path}.part`, type: 'png', animations: 'disabled', clip });
  await rename(`${path}.part`, path);
}

it('the console removes its token from the address bar, and shows all accounts at a glance, each problem in a sentence', async () => {
  expect(page.url()).not.toContain('token');
  const row = page.getByRole('row').filter({ hasText: 'options' });
  await row.waitFor();
  expect(await row.innerText()).toMatch(/untrusted[\s\S]*87 %[\s\S]*open\s*maintenance since/);
  const notices = await page.getByRole('status').allInnerTexts();
  expect(notices).toContainEqual(
    expect.stringContaining('The lists of account options are not trusted (contradicted)'),
  );
  expect(notices.join('\n')).toContain('Scheduled checks of account options wait: maintenance.');
  await picture(page, 'console-accounts', 390);
});

it('the blotter shows first what needs attention, and can be filtered, sorted and paged', async () => {
  await page.getByRole('link', { name: 'main' }).click();
  const rows = page.locator('.blotter tbody tr');
  await page.getByText('52 orders on this page, 2 in need of attention').waitFor();
  expect(await rows.nth(0).innerText()).toMatch(/ETH-PERPETUAL[\s\S]*(missing|unknown)/);
  expect(await rows.nth(2).innerText()).not.toMatch(/missing|unknown/);
  expect(await rows.filter({ hasText: 'missing' }).innerText()).toMatch(/searched \d\d:\d\d:\d\d, next \d\d:\d\d:\d\d/);
  const cut = "[...document.querySelectorAll('.scroll')].some((each) => each.scrollWidth > each.clientWidth)";
  expect(await page.evaluate(cut)).toBe(false);
  await picture(page, 'console-orders', 480);

  await page.keyboard.press('/');
  await page.keyboard.type('xrp buy');
  await page.getByText(/orders? with “xrp buy” on all pages/).waitFor();
  for (const text of await rows.allInnerTexts()) expect(text).toMatch(/XRP-PERPETUAL\s+buy/);
  await page.getByRole('searchbox').fill('');

  await page.getByRole('button', { name: 'Price' }).click();
  const prices = await page.locator('.blotter tbody tr:not(.urgent) td:nth-child(4)').allInnerTexts();
  expect(prices.map(Number)).toEqual(prices.map(Number).toSorted((a, b) => a - b));
  expect(await page.locator('th[aria-sort="ascending"]').innerText()).toContain('Price');

  await page.getByRole('button', { name: 'Next →' }).click();
  await page.getByText('7 orders on this page').waitFor();
  await page.getByRole('button', { name: '← Back' }).click();
  await page.getByText('52 orders on this page').waitFor();
});

it('arrow keys move from row to row of the blotter, and Enter opens an order', async () => {
  await page.locator('.blotter tbody tr').nth(0).getByRole('link').focus();
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { name: 'History' }).waitFor();
  await page.getByText(/missing, not closed|is not recognized/).waitFor();
});

it('final orders have their own tab in the console', async () => {
  await go('main/live');
  await page.getByRole('link', { name: 'Final' }).click();
  await page.getByText('2 orders on this page').waitFor();
  expect(await page.locator('.blotter tbody').innerText()).toMatch(
    /filled\s[\d-]*[ \d:.]+\s39100000000262145[\s\S]*canceled\s[\d-]*[ \d:.]+\s39100000000262209/,
  );
});

it('the page of an order shows its timeline, its states with their provenance, and every digit', async () => {
  await go(`main/order/${order}`);
  await page.getByText('observed 1 m 58 s later').waitFor();
  await page.locator('.chart canvas').nth(1).waitFor();
  const history = await page.locator('.history').innerText();
  expect(history).toMatch(/filled_amount\s+0\.60\s+→\s+1\.50/);
  expect(history).toContain('Observed by check-open-orders · requested');
  expect(history).toContain('Watch started by arn:aws:sts::123456789012:assumed-role/desk/anna');
  await page.locator('.compare').getByText('details.fee').waitFor();
  expect(await page.locator('.compare').innerText()).toMatch(/details\.fee\s+7\.10\s+7\.10/);
  // Whether the line is drawn: some pixels of the canvas have its colour, some that of a gap.
  const painted = `(() => {
    const canvas = document.querySelector('.chart canvas');
    const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
    const found = new Set();
    for (let at = 0; at < data.length; at += 4) found.add(data.slice(at, at + 3).join());
    return ['31,90,158', '90,101,114', '242,217,168'].filter((color) => found.has(color)).length;
  })()`;
  await expect.poll(() => page.evaluate(painted), { timeout: 20_000 }).toBe(3);
});

it('a hostile label is shown as text: no script in it runs, and its invisible characters are made visible', async () => {
  const shown = hostileLabel.replace('\u202E', '\\u202e');
  await page.locator('.history').getByText(shown).first().waitFor();
  expect(await page.locator('main img, main script').count()).toBe(0);
  expect(await page.evaluate("'injected' in globalThis")).toBe(false);
});

it('the time slider shows what was believed at a time beside what was true, and marks the differences', async () => {
  await page.getByText('Nothing observed since contradicts what this record said.').waitFor();
  const slider = page.getByRole('slider', { name: 'Moment' });
  // Between a transition and its late observation.
  await page.getByRole('button', { name: 'Previous event' }).click();
  await page.getByRole('button', { name: 'Previous event' }).click();
  await slider.focus();
  await page.keyboard.press('ArrowLeft');
  await page.getByText(/What this record said differs in \d fields/).waitFor();
  // The moments that the slider passed on its way differ, too.
  const row = page.locator('.compare tr.differs').filter({ hasText: /filled_amount.*0\.60.*1\.50/s });
  await row.waitFor();
  expect(await row.innerText()).toMatch(/filled_amount ≠[\s\S]*0\.60\s+1\.50/);
  expect(api.requests.some((sent) => sent.includes('believed_at='))).toBe(true);
  expect(api.requests.some((sent) => /[?&]at=/.test(sent))).toBe(true);
  await picture(page, 'console-order', 760);
});

it('the page of an open order shows its end, with the snapshot, as soon as the end is known', async () => {
  await go(`main/order/${behindOrder}`);
  await page.locator('.facts').getByText('final').waitFor();
  expect(await page.locator('.facts').innerText()).toMatch(/State\s+filled/);
  expect(await page.locator('.history li').count()).toBe(5);
  await go(`main/order/${order}`);
});

it('the console stops a watch only after a confirmation, and starts it again', async () => {
  await page.getByRole('button', { name: 'Stop the watch' }).click();
  expect(api.requests.some((sent) => sent.startsWith('DELETE'))).toBe(false);
  await page.getByRole('button', { name: 'Yes, stop the watch' }).click();
  await page.getByText(/The watch was stopped at .* by arn:aws:sts/).waitFor();
  await page.getByRole('button', { name: 'Start the watch' }).click();
  await page.getByRole('button', { name: 'Stop the watch' }).waitFor();
  expect(api.requests).toContain(`PUT /accounts/main/orders/${order}/watch`);
});

it('the console shows delays as a histogram, and lists the longest ones', async () => {
  await go('main/delays');
  await page.getByText(/\d+ transitions of 29 orders/).waitFor();
  expect(await page.locator('.facts').innerText()).toMatch(/Median\s+2\.1 s[\s\S]*Longest\s+1 m 58 s/);
  await page.locator('.chart canvas').waitFor();
  expect(await page.locator('.grid tbody tr').count()).toBe(8);
  await picture(page, 'console-delays', 620);
});

it('the console reports a lost connection in a sentence that disappears on reconnection, and keeps what it showed', async () => {
  await go('main/live');
  await page.getByText('52 orders on this page').waitFor();
  api.lose(true);
  const notice = page.getByText(
    /The connection to the API was lost at [\d:]+ UTC\. It last responded at [\d:]+ UTC\. The console tries again every 5 s/,
  );
  await notice.waitFor();
  expect(await page.locator('.blotter tbody tr').count()).toBe(52);
  api.lose(false);
  await notice.waitFor({ state: 'detached' });
  complaints.splice(0, complaints.length, ...complaints.filter((each) => !each.includes('502')));
});

it('an account can be opened by its name where IAM does not allow listing all accounts', async () => {
  api.listAccounts(false);
  await go('');
  await page.getByRole('searchbox', { name: 'Name of the account' }).fill('main');
  await page.keyboard.press('Enter');
  await page.getByText('52 orders on this page').waitFor();
  api.listAccounts(true);
  complaints.splice(0, complaints.length, ...complaints.filter((each) => !each.includes('403')));
});

it('no view of the console is wider than a narrow dark screen', async () => {
  const before = page;
  page = (await browser?.open({ viewport: { width: 390, height: 800 }, colorScheme: 'dark' })) ?? page;
  for (const view of ['', 'main/live', 'main/final', `main/order/${order}`, 'main/delays']) {
    await go(view);
    await page.locator('main').getByRole('heading').first().waitFor();
    await page.getByText('Loading.').waitFor({ state: 'detached' });
    const width = await page.evaluate('document.documentElement.scrollWidth');
    expect(width, view).toBeLessThanOrEqual(390);
    const cut = await page.evaluate(
      "[...document.querySelectorAll('.scroll')].filter((each) => each.scrollWidth > each.clientWidth).length",
    );
    expect(cut, view).toBe(0);
    if (view === 'main/live') await picture(page, 'console-narrow', 640);
  }
  expect(await page.evaluate('getComputedStyle(document.documentElement).backgroundColor')).toBe('rgb(20, 23, 27)');
  page = before;
});

it('the console caused no refusal, no error and no request to another host in the browser', () => {
  expect(complaints).toEqual([]);
});
