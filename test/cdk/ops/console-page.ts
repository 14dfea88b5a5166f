import { existsSync } from 'node:fs';
import { type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import { readConsoleFiles } from '../../../cdk/ops/console-files.ts';
import { startConsoleServer } from '../../../cdk/ops/console-server.ts';
import { type ConsoleFixture, startConsoleFixture } from './console-fixture.ts';

/** The console in a real browser, before the API of the fixture. */
export type ConsoleBrowser = {
  readonly api: ConsoleFixture;
  /**
   * Opens the console in its own profile; `time` is what the browser takes for now, and then its timers can be moved.
   */
  readonly open: (options?: BrowserContextOptions & { readonly time?: number }) => Promise<Page>;
  /** Whatever the browser complains about: errors, refused resources, requests to another address. */
  readonly complaints: string[];
  readonly stop: () => Promise<void>;
};

const executablePath = '/usr/bin/chromium';
const args = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];
export const noBrowser = `There is no ${executablePath}.`;

/** Undefined where this machine has no browser. */
export async function startConsoleBrowser(): Promise<ConsoleBrowser | undefined> {
  if (!existsSync(executablePath)) {
    console.log(`The console was not tried in a browser. ${noBrowser}`);
    return undefined;
  }
  const browser = await chromium.launch({ executablePath, args });
  const api = await startConsoleFixture(Date.now());
  const server = await startConsoleServer({ files: await readConsoleFiles(), url: api.url, fetch, port: 0 });
  const complaints: string[] = [];

  async function open({ time, ...options }: BrowserContextOptions & { readonly time?: number } = {}) {
    const context = await browser.newContext({
      viewport: { width: 1180, height: 760 },
      reducedMotion: 'reduce',
      ...options,
    });
    const page = await context.newPage();
    page.setDefaultTimeout(20_000);
    if (time !== undefined) await page.clock.install({ time });
    page.on('console', (message) => message.type() === 'error' && complaints.push(message.text()));
    page.on('pageerror', (error) => complaints.push(error.message));
    page.on('request', (request) => {
      if (!/^(http:\/\/127\.0\.0\.1:|data:)/.test(request.url())) complaints.push(request.url());
    });
    await page.goto(server.url);
    await page.getByRole('heading', { name: 'Accounts' }).waitFor();
    return page;
  }

  return {
    api,
    open,
    complaints,
    stop: async () => {
      await browser.close();
      await server.stop();
      await api.stop();
    },
  };
}

/** Opens a view by its address. An expression as text, because these files know no page. */
export const openView = (page: Page, view: string) => page.evaluate(`location.assign(${JSON.stringify(`#/${view}`)})`);
