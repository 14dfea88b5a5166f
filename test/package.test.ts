import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import * as z from 'zod/mini';
import { startOpsTestBed } from './cdk/ops/ops-test-bed.ts';
import { startLocalApi } from './lib/api/local-endpoint.ts';
import { captureOutput } from './lib/captured-output.ts';
import { startTestBed } from './lib/test-bed.ts';
import { install, link, linkModule, pack } from './package/npm.ts';

// A build takes its time, and so does a synthesis with all its bundles.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

const run = promisify(execFile);
const root = fileURLToPath(new URL('..', import.meta.url));
const Manifest = z.object({
  exports: z.record(z.string(), z.string()),
});
const manifest = Manifest.parse(JSON.parse(await readFile(join(root, 'package.json'), 'utf8')));
/** The project of somebody else: the examples, and the package. */
let project: string;

beforeAll(async () => {
  project = await mkdtemp(join(tmpdir(), 'package-'));
  // What is compiled there is of no use to the next run.
  vi.stubEnv('NODE_COMPILE_CACHE', join(project, 'compile-cache'));
  await cp(join(root, 'test/package'), project, { recursive: true, filter: (path) => !path.endsWith('.ts') });
  const archive = await pack(root, project);
  if (process.env['INSTALL'] === 'npm') await install(project, archive, '--omit=peer');
  else await link(project, archive, root);
  // The CDK that this repository runs, so that both synthesize the same; and it is 161 MB.
  for (const peer of ['aws-cdk-lib', 'constructs']) await linkModule(project, peer, root);
});
afterAll(async () => {
  vi.unstubAllGlobals();
  vi.unstubAllEnvs();
  await rm(project, { recursive: true });
});

/** The template that an app synthesizes, without the hashes of the bundles: what is in them is what npm found. */
async function synthesize(app: string, name: string, context: object): Promise<string> {
  const outdir = join(project, name);
  const env = { ...process.env, CDK_OUTDIR: outdir, CDK_CONTEXT_JSON: JSON.stringify(context) };
  await run(process.execPath, [app], { env });
  const template = await readFile(join(outdir, 'order-state-snapshots-desk.template.json'), 'utf8');
  return template.replaceAll(/[0-9a-f]{64}/g, 'HASH');
}

it('the published package holds what synthesis and calls of the API need, and nothing else', async () => {
  const folder = join(project, 'node_modules/order-state-snapshots');
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => join(parentPath, name).slice(folder.length + 1));
  const needed =
    /^(LICENSE|README\.md|cdk\.json|package\.json|cdk\/aliases\/[\w-]+\.(ts|cjs)|cdk\/runbooks\.md|cdk\/ops\/console\/[\w-]+\.(html|css|js)|(functions|lib)\/.*\.(ts|json|md)|dist\/(cdk|lib)\/.*\.(js|d\.ts))$/;
  expect(files.filter((file) => !needed.test(file) || file.includes('/local/'))).toEqual([]);
});

it('the published package does not bring a Node, because the project that installs it has one', async () => {
  const installed = await readdir(join(project, 'node_modules'));
  expect(installed.filter((name) => /^node-|toolchain/.test(name))).toEqual([]);
});

it('every entry point of the published package loads', async () => {
  const entries = Object.keys(manifest.exports).filter((path) => !path.endsWith('.json'));
  const loads = entries.map(
    (path) => `console.log(Object.keys(await import('${join('order-state-snapshots', path)}')));`,
  );
  const { stdout } = await run(process.execPath, ['--input-type=module', '--eval', loads.join('')], { cwd: project });
  for (const name of ['createApp', 'OrderStateStack', 'resolveStage', 'createClient']) expect(stdout).toContain(name);
});

it('ten lines synthesize a stage in another project, as in this repository', async () => {
  const template = await synthesize(join(project, 'app.js'), 'installed', {});
  expect(template).toContain('order-state-snapshots/desk/hedge/exchange-key');
  const unbundled = { 'aws:cdk:bundling-stacks': [] };
  expect(template).toBe(await synthesize(join(root, 'test/package/app.js'), 'here', unbundled));
});

it('five lines request an order from another project', async () => {
  const testBed = await startTestBed();
  const api = await startLocalApi(testBed);
  const coolDown = captureOutput();
  const env = { ...process.env, ORDER_STATE_URL: api.url };
  const { stdout } = await run(process.execPath, [join(project, 'client.js')], { env });
  coolDown.release();
  expect(stdout).toBe('BTC-14AUG20-11000-C canceled true\n');
  await api.stop();
  await testBed.stop();
});

it('a CommonJS project can require the published package', async () => {
  const testBed = await startTestBed();
  const api = await startLocalApi(testBed);
  const output = captureOutput();
  const env = { ...process.env, ORDER_STATE_URL: api.url };
  const { stdout } = await run(process.execPath, [join(project, 'client.cjs')], { env });
  output.release();
  expect(stdout).toBe('function function canceled\n');
  await api.stop();
  await testBed.stop();
});

it.each(['commonjs', 'module'])('npx operates a stack from a project of type %s', async (type) => {
  await writeFile(join(project, 'package.json'), JSON.stringify({ private: true, type }));
  const ops = await startOpsTestBed();
  await ops.observe('A');
  const npx = (...args: readonly string[]) => run('npx', ['--no', 'order-state-snapshots', ...args], { cwd: project });
  // What npx starts, without the time that npx takes to find it.
  const bin = join(project, 'node_modules/.bin/order-state-snapshots');
  const start = (...args: readonly string[]) => run(process.execPath, [bin, ...args], { cwd: project });
  const orders = await npx('ops', 'orders', '--account', 'main', '--endpoint', ops.url);
  expect(orders.stdout).toMatch(/^order +status .*\nA +watched /);
  const verify = await start('ops', 'verify', '--endpoint', ops.url);
  expect(verify.stdout).toMatch(/, no differences\.\n$/);
  await ops.stop();
  const help = await start('smoke', '--help');
  expect(help.stdout).toContain('Usage: npx order-state-snapshots smoke [options]\n');
  await expect(start('smoke', '--url', 'x')).rejects.toMatchObject({ code: 2 });
});

it('the installed package serves the console, its libraries included', async () => {
  const bin = join(project, 'node_modules/order-state-snapshots/dist/cdk/ops/bin.js');
  const running = spawn(process.execPath, [bin, 'ops', 'console', '--url', 'http://127.0.0.1:9'], { cwd: project });
  const [printed] = await once(running.stdout, 'data');
  const { origin } = new URL(/http:\S+#\S+/.exec(String(printed))?.[0] ?? '');
  for (const path of ['/', '/console/app.js', '/console/vendor/preact.mjs', '/console/vendor/uPlot.esm.js'])
    expect((await fetch(`${origin}${path}`)).status, path).toBe(200);
  running.kill('SIGTERM');
  expect(await once(running, 'exit')).toEqual([0, null]);
});

it('both examples of the README pass the type check of a project that installs the package', async () => {
  const strict = ['--allowJs', '--checkJs', '--noEmit', '--strict', '--module', 'nodenext', '--target', 'es2024'];
  const tsc = join(root, 'node_modules/typescript/bin/tsc');
  const types = ['--skipLibCheck', '--typeRoots', join(root, 'node_modules/@types'), '--types', 'node'];
  const { stdout } = await run(process.execPath, [tsc, ...strict, ...types, 'app.js', 'client.js'], {
    cwd: project,
  });
  expect(stdout).toBe('');
});
