import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import * as dynamodb from '@aws-sdk/client-dynamodb';
import * as eventbridge from '@aws-sdk/client-eventbridge';
import * as secretsManager from '@aws-sdk/client-secrets-manager';
import * as sqs from '@aws-sdk/client-sqs';
import { buildSync } from 'esbuild';
import { afterAll, describe, expect, it } from 'vitest';
import { type FunctionName, functionSettings } from '../../cdk/functions.ts';
import { createApp } from '../../cdk/order-state-app.ts';
import { resolveStage } from '../../cdk/stages.ts';
import { captureOutput } from '../lib/captured-output.ts';
import { loopbackStage } from './synthesize.ts';

/** What a bundle may weigh, KB, and none more than 240: a dependency that slips in unnoticed breaks the build. */
const budgets = {
  GetOrder: ['get-order', 197],
  CheckOrders: ['check-orders', 201],
  GetOrderState: ['get-order-state', 201],
  ListOrders: ['list-orders', 160],
  ListAccounts: ['list-accounts', 147],
  ListSnapshots: ['list-snapshots', 161],
  ChangeWatch: ['change-watch', 154],
  CheckOpenOrders: ['check-open-orders', 222],
  PublishTransitions: ['publish-transitions', 151],
  GuardAccounts: ['guard-accounts', 138],
} as const satisfies Record<string, [FunctionName, number]>;

const folder = mkdtempSync(join(tmpdir(), 'bundles-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** Synthesizes into its own folder, and reads back everything that would be deployed, by file name. */
function synthesize(name: string): ReadonlyMap<string, string> {
  const outdir = join(folder, name);
  createApp({ stage: resolveStage('test', loopbackStage), outdir }).synth();
  const files = readdirSync(outdir, { recursive: true, encoding: 'utf8' });
  const deployed = files.filter((file) => /^asset\..*\/|\.(template|assets)\.json$/.test(file)).toSorted();
  return new Map(deployed.map((file) => [file, readFileSync(join(outdir, file), 'utf8')]));
}

/** Operations of a service, and the IAM action that each needs; finding an endpoint is what every client could do. */
function operations(service: string, client: object): [string, string][] {
  return Object.keys(client)
    .filter((name) => /^\w+Command$/.test(name) && name !== 'DescribeEndpointsCommand')
    .map((name) => name.replace(/Command$/, ''))
    .map((operation) => [operation, `${service}:${operation}`]);
}

// CDK prints a line for every bundle.
const silence = captureOutput();
const once = synthesize('once');
const twice = synthesize('twice');
silence.release();

/** The bundles, by the function that they are for: what the assets' manifest says would be uploaded as a zip file. */
const bundles = new Map(
  Object.values<{ displayName: string; source: { path: string; packaging: string } }>(
    JSON.parse(once.get('order-state-snapshots-test.assets.json') ?? '').files,
  )
    .filter(({ source }) => source.packaging === 'zip')
    .map(({ displayName, source }) => [displayName.replace('/Function/Code', ''), source.path]),
);

it('synthesizing a stage twice gives identical templates, assets and hashes', () => {
  expect([...twice.keys()]).toEqual([...once.keys()]);
  for (const [file, text] of once) expect(twice.get(file) === text, file).toBe(true);
});

it('every function has a budget for the size of its bundle', () => {
  expect([...bundles.keys()]).toEqual(Object.keys(budgets));
});

describe.each(Object.entries(budgets))('%s', (id, [name, budgetKb]) => {
  const file = join(folder, 'once', bundles.get(id) ?? '', 'index.mjs');
  const code = readFileSync(file, 'utf8');

  it(`a function's bundle is at most ${budgetKb} KB`, () => {
    const kb = Buffer.byteLength(code) / 1024;
    console.log(`${name}: ${kb.toFixed(1)} KB`);
    expect(kb).toBeLessThanOrEqual(budgetKb);
  });

  it("a function's bundle is a single file", () => expect(readdirSync(join(file, '..'))).toEqual(['index.mjs']));

  it("a function's bundle has its stage compiled in, unless the function gets everything from its event", () => {
    // These two take everything from their event.
    const isIndependent = id === 'PublishTransitions' || id === 'GuardAccounts';
    expect(code.includes('order-state-snapshots/test/main/exchange-key')).toBe(!isIndependent);
  });

  it("a function's bundle contains no path of the machine that built it", () => {
    expect(code).not.toContain(process.cwd());
    expect(code).not.toContain(folder);
    expect(code).not.toMatch(/\/(home|Users)\/\w/);
  });

  it("a function's bundle makes exactly the AWS calls that the role of its function allows", () => {
    // A command keeps its operation's name as a string, and a command that nobody sends is not in the bundle.
    const calls = [
      operations('dynamodb', dynamodb),
      operations('events', eventbridge),
      operations('secretsmanager', secretsManager),
      operations('sqs', sqs),
    ].flat();
    const made = calls.filter(([operation]) => code.includes(`"${operation}"`)).map(([, action]) => action);
    // Lambda itself reads the stream and sends to the sweeps' queue, with the role of the function.
    const granted = Object.entries(functionSettings[name].permissions)
      .filter(([resource]) => !/^tableStream$|^sweepDeadLetters$/.test(resource))
      .flatMap(([, actions]) => actions);
    expect(made.toSorted()).toEqual([...new Set(granted)].toSorted());
  });

  it("a function's bundle imports only built-in modules, and gets http without importing it", () => {
    const { metafile } = buildSync({
      stdin: { contents: code, loader: 'js' },
      bundle: true,
      format: 'esm',
      packages: 'external',
      platform: 'node',
      metafile: true,
      write: false,
      logLevel: 'error',
    });
    const imports = Object.values(metafile.inputs).flatMap((input) => input.imports.map(({ path }) => path));
    const builtins = new Set(builtinModules.map((name) => `node:${name.replace(/^node:/, '')}`));
    expect(imports.filter((path) => !builtins.has(path))).toEqual([]);
    expect(imports.filter((path) => /^node:http/.test(path))).toEqual([]);
    // A CommonJS dependency that would look for `require` at run time and find none.
    expect(code).not.toContain('Dynamic require of');
  });

  it("a function's bundle loads neither undici nor zlib at startup", () => {
    expect(code).not.toContain('undici');
    const load = `await import(${JSON.stringify(pathToFileURL(file).href)});
      console.log(JSON.stringify(process.moduleLoadList.filter((name) => /undici|zlib/.test(name))));
      process.exit();`;
    const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '--eval', load], {
      encoding: 'utf8',
      env: {
        AWS_REGION: 'eu-west-1',
        AWS_ACCESS_KEY_ID: 'none',
        AWS_SECRET_ACCESS_KEY: 'none',
        AWS_ENDPOINT_URL: 'http://127.0.0.1:1',
        TABLE_NAME: 'none',
        EVENT_BUS_NAME: 'none',
        DEAD_LETTER_QUEUE_URL: 'none',
      },
    });
    expect(stdout.trimEnd().split('\n').at(-1), stderr).toBe('[]');
  });
});
