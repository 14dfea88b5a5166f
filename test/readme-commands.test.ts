/**
 * What `npm start` does, and what the README shows of it: its commands run against the stack, and their output is compared.
 * `…` stands for anything, and a number, an id, a time or a duration for any other.
 */
import { execFile } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import * as z from 'zod/mini';
import { createClient } from '../lib/api/client.ts';
import { spawnOps, spawnSmoke } from './cdk/ops/ops-test-bed.ts';
import { seedFields, seedId } from './emulator/exchange/seed-order.ts';
import { killLaunched, processesOf, reported, start, watchReported } from './start/launch.ts';

vi.setConfig({ testTimeout: 180_000, hookTimeout: 180_000 });

const root = fileURLToPath(new URL('..', import.meta.url));
const readme = readFileSync(`${root}README.md`, 'utf8');
const run = promisify(execFile);
const Manifest = z.object({ scripts: z.record(z.string(), z.string()) });
const { scripts } = Manifest.parse(JSON.parse(readFileSync(`${root}package.json`, 'utf8')));

type Block = { readonly language: string; readonly text: string };

const fence = /^```(\w*)\n(.*?)^```$/gms;
const blocks: readonly Block[] = [...readme.matchAll(fence)].map(([, language = '', text = '']) => ({
  language,
  text,
}));
const commands = [...readme.replaceAll(fence, '').matchAll(/^ {4}(\S.*)$/gm)].map(([, command]) => command);
const outputs = blocks.filter(({ language }) => language === '').map(({ text }) => text);
const transcripts = outputs.flatMap((text) =>
  [...text.matchAll(/^\$ (.+)\n((?:(?!\$ ).*\n)*)/gm)].map(
    ([, command = '', output = '']) => [command, output] as const,
  ),
);

const uuid = '[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}';
const number = '\\d+(?:\\.\\d+)?';
const duration = `${number} (?:s|min|h|days|years)\\b`;
const variable = new RegExp(`(^…\\n|…|${uuid}|${duration}|${number}| {2,})`, 'm');

/** The source of a regular expression for all outputs of which the README shows one. */
function patternOf(output: string): string {
  const parts = output.trim().split(variable);
  return parts.map((part) => (variable.test(part) ? anyLike(part) : escaped(part))).join('');
}

function anyLike(part: string): string {
  if (part === '…\n') return '(?:.*\\n)*?';
  if (part === '…') return '[\\s\\S]*?';
  if (part.startsWith(' ')) return ' {2,}';
  return [uuid, duration].find((like) => new RegExp(`^${like}$`).test(part)) ?? number;
}

function escaped(text: string): string {
  return text.replaceAll(/[\\^$.*+?()[\]{}|/]/g, '\\$&');
}

let stack: Awaited<ReturnType<typeof start>>;

beforeAll(async () => {
  stack = await start(['--every', '3']);
});
afterAll(killLaunched);

/** An order of the demonstration ends in the same digits in every run. */
function idHere(id: string): string {
  if (id === seedId) return id;
  return new RegExp(`39\\d{10}${id.slice(-5)}`).exec(stack.shown())?.[0] ?? 'none';
}

/** The README's addresses and orders are those of another run. */
function here(text: string): string {
  return text
    .replaceAll('http://127.0.0.1:3000', new URL(stack.url).origin)
    .replaceAll(/(?<=--endpoint )\S+/g, stack.awsUrl)
    .replaceAll(/(?<=--exchange )\S+/g, /Exchange +(\S+)/.exec(stack.shown())?.[1] ?? 'none')
    .replaceAll(/\b39\d{15}\b/g, idHere);
}

/** What npm starts, without the time that npm takes to; but `--help` goes through npm. */
function withoutNpm(command: string): string {
  if (command.endsWith(' --help')) return command;
  return command.replace(/^npm run --silent (\w+) --/, (_, name) => scripts[name] ?? 'false');
}

async function stdoutOf(program: string, args: readonly string[]): Promise<string> {
  const { stdout } = await run(program, args, { cwd: root });
  return stdout.replaceAll('\r', '');
}

it('every code block of the README is a transcript, an example or a command that something else runs', () => {
  // The first two by `npm run stock`, in clean clones; the third by test/package.test.ts, in an empty folder, with links in place of
  // what npm would install.
  const install = 'npm install ./order-state-snapshots-0.1.0.tgz aws-cdk-lib constructs';
  expect(commands).toEqual(['npm ci && npm start', install, 'npm ci && npm test']);
  for (const text of outputs) expect(text).toMatch(/^\$ (?:curl|npm run --silent) |^ {2}Serving/);
  expect(new Set(blocks.map(({ language }) => language))).toEqual(new Set(['', 'js', 'ts', 'mermaid']));
  expect(transcripts.length).toBeGreaterThan(12);
});

it("the README's example of another project is the file that test/package.test.ts runs", () => {
  expect(readme).toContain(`\`\`\`js\n${readFileSync(`${root}test/package/app.js`, 'utf8')}\`\`\``);
});

/** For what is looked up in /proc, too. */
describe.skipIf(process.platform !== 'linux')('npm start', () => {
  it('npm start runs a stack whose API and console respond', async () => {
    for (const [name, value] of Object.entries(seedFields)) {
      expect(stack.shown()).toMatch(name === 'order_id' ? `Order ${value}` : new RegExp(`\\n  ${name} +${value}\\b`));
    }
    expect(stack.shown()).toMatch(/\n {2}changed +true\n/);
    expect(stack.shown()).not.toContain('\u001b');
    const client = createClient({ url: new URL(stack.url).origin });
    const requested = { account: 'main', order_id: seedId };
    expect(await client.getOrder(requested)).toMatchObject({ order: seedFields, changed: false, source: 'snapshot' });
    expect(await client.getOrder({ ...requested, max_age: 0 })).toMatchObject({ changed: false, source: 'exchange' });
    const elsewhere = client.getOrder({ ...requested, account: 'nobody' });
    await expect(elsewhere).rejects.toMatchObject({ code: 'unknown_account' });
    const notFound = { status: 404, body: { message: 'Not Found' } };
    expect(await stack.get(new URL('/elsewhere', stack.url).href)).toEqual(notFound);
    const { headers } = await fetch(new URL('/', stack.url));
    expect(headers.get('content-type')).toBe('text/html; charset=utf-8');
    expect(headers.get('content-security-policy')).toContain("default-src 'none'");
  });

  it('npm start runs a stack that can be operated as its output says', async () => {
    expect(stack.shown()).toMatch(/\n {2}Checks +every 3 s +rate\(1 minute\) on AWS\n/);
    expect(stack.shown()).toMatch(/Operate +npm run ops -- orders --account main --endpoint \S+\n/);
    expect(await spawnOps(['verify', '--endpoint', stack.awsUrl])).toMatchObject({
      code: 0,
      out: expect.stringMatching(/^\d+ items of \d+ orders and accounts, no differences\.\n$/),
    });
    const smoke = ['--url', new URL(stack.url).origin, '--account', 'main', '--order', seedId];
    const { code: wrong, out: checklist } = await spawnSmoke(smoke);
    expect([wrong, checklist.match(/^ok /gm)]).toEqual([0, Array(6).fill('ok ')]);
    const watch = /\n {2}Watch +curl -X PUT http:\S+\/accounts\/main\/orders\/39004881276768256\/watch\n/;
    expect(stack.shown()).toMatch(watch);
  });

  it('npm start prints what happens to orders', async () => {
    const lines = [
      watchReported('-', 'watch started by an operator'),
      watchReported('-', 'watch started: found in the list of open orders'),
      reported('SOL-PERPETUAL', 'open → canceled 0/15'),
      reported('BTC-PERPETUAL', 'open: buy 3 at 64250.50.*'),
      reported('BTC-PERPETUAL', 'filled \\d → \\d/3 at 64250.\\d\\d'),
      reported('BTC-PERPETUAL', 'open → filled 3/3.*'),
      reported('XRP-PERPETUAL', 'open → canceled 0/250'),
      watchReported('ETH-PERPETUAL', 'MISSING, last seen \\d+(?:\\.\\d)? s earlier; still watched'),
      watchReported('ETH-PERPETUAL', 'found again'),
      reported('BTC-PERPETUAL', 'open → triggered: a new order was placed'),
      watchReported('ETH-PERPETUAL', 'UNKNOWN STATE, still watched'),
      reported('PEPE-PERPETUAL', 'open: .*'),
    ];
    for (const line of lines) await stack.showing(line);
    // Nothing but whole lines of one shape; what the functions log is in the file.
    const [, shown = ''] = stack.shown().split('What changed\n');
    for (const line of shown.trimEnd().split('\n')) {
      expect(line).toMatch(/^ {2}\d\d:\d\d:\d\d {2}.{8} {2}\d{17} {2}[A-Z0-9-]+ +\S.*$/);
    }
    expect(readFileSync(join(stack.folder, 'functions.log'), 'utf8')).toContain('"message":"ticked"');
    const [, orderId = ''] = reported('PEPE-PERPETUAL', 'open: .*').exec(stack.shown()) ?? [];
    // From the table: by now the exchange may have lost it.
    const client = createClient({ url: new URL(stack.url).origin });
    const { snapshots } = await client.listSnapshots({ account: 'main', order_id: orderId });
    expect(snapshots[0]?.order.price).toBe('0.000000010');
  });
});

describe.skipIf(process.platform !== 'linux')('the README', () => {
  it('npm start prints what runs, and what changes', () => {
    const [output = ''] = outputs.filter((text) => !text.startsWith('$ '));
    expect(stack.shown()).toMatch(new RegExp(patternOf(output)));
  });

  it.each(transcripts)('%s', async (command, output) => {
    const printed = await stdoutOf('sh', ['-c', withoutNpm(here(command))]);
    const shown = output.replace('by root', `by ${userInfo().username}`);
    expect(printed.trim()).toMatch(new RegExp(`^${patternOf(shown)}$`));
  });

  const evaluate = (code: string) => stdoutOf(process.execPath, ['--input-type=module-typescript', '--eval', code]);
  const keys = `const [accessKeyId, secretAccessKey, sessionToken, region] = ['local', 'local', undefined, 'us-east-1'];`;
  const [classOfCcxt = ''] = blocks.filter(({ text }) => text.includes('ccxt.deribit')).map(({ text }) => text);

  it('the typed client reads an order, and pages of orders', async () => {
    const [client = ''] = blocks.filter(({ language }) => language === 'ts').map(({ text }) => text);
    const url = `const url = '${new URL(stack.url).origin}';`;
    // Whether an order is live depends on the moment; one is final in any case.
    const here = client.replace('order-state-snapshots/client', `${root}lib/api/client.ts`).replace('live', 'final');
    const printed = await evaluate(`${keys}${url}${here}\nconsole.log(order.order_state, age_seconds >= 0);`);
    expect(printed).toMatch(/order_id: '39\d{15}'[\s\S]*\ncanceled true\n$/);
  });

  it("ccxt's requests are signed for AWS", async () => {
    const printed = await evaluate(`import { AwsClient } from 'aws4fetch';${keys}
      const aws = new AwsClient({ accessKeyId, secretAccessKey, region, service: 'execute-api' });
      const ccxt = { deribit: class { fetch(...request) { return request; } } };
      ${classOfCcxt}
      const [url, method, headers] = await new Deribit().fetch('https://api.example/path', 'GET', {}, undefined);
      console.log(url, method, headers.authorization);`);
    expect(printed).toMatch(/^https:\/\/api\.example\/path GET AWS4-HMAC-SHA256 /);
  });
});

it.skipIf(process.platform !== 'linux')('npm start leaves nothing behind', async () => {
  // Both API functions, the publisher, and the sweep with the one that takes over from it.
  await vi.waitFor(() => expect(processesOf(stack.folder).length).toBeGreaterThanOrEqual(5), { timeout: 60_000 });
  expect(await stack.stop('SIGINT')).toEqual({ code: 0, errors: '' });
  expect(processesOf(stack.folder)).toEqual([]);
  expect(existsSync(stack.folder)).toBe(false);
});
