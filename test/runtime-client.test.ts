import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, beforeEach, expect, it, vi } from 'vitest';
import { createApp } from '../cdk/order-state-app.ts';
import { resolveStage } from '../cdk/stages.ts';
import { type Route, routes } from '../lib/api/routes.ts';
import { headItem } from '../lib/snapshots/items.ts';
import { snapshotOf } from '../lib/snapshots/snapshot.ts';
import { loopbackStage } from './cdk/synthesize.ts';
import { type LocalStack, readAssembly } from './emulator/aws/assembly.ts';
import { type EventBus, startEventBus } from './emulator/aws/event-bus/server.ts';
import { type Gateway, startGateway } from './emulator/aws/gateway.ts';
import { type Lambda, startLambda } from './emulator/aws/lambda.ts';
import { seedId } from './emulator/exchange/seed-order.ts';
import { listen } from './emulator/listen.ts';
import { captureOutput } from './lib/captured-output.ts';
import { observationOf } from './lib/snapshots/observations.ts';
import { startTestBed } from './lib/test-bed.ts';
import { streamRecord } from './lib/transitions/stream-records.ts';
import { canInstall, install } from './package/npm.ts';

/** AWS's own, which runs on Lambda. Its native addon wants a compiler and is not built: see rapid-client.ts. */
const runtimeClient = 'aws-lambda-ric@4.0.2';
// An installation takes its time, and so does a synthesis with all its bundles.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

const place = { region: 'eu-central-1', accountId: '123456789012' };
const started = new AsyncDisposableStack();
const failures: string[] = [];
const invoked = new Set<string>();
let reachable: boolean;
let stack: LocalStack;
let invoke: Lambda['invoke'];
let gateway: Gateway;
let bus: EventBus;

beforeAll(async () => {
  reachable = await canInstall(runtimeClient);
  if (!reachable) return;
  const folder = await mkdtemp(join(tmpdir(), 'runtime-client-'));
  started.defer(() => rm(folder, { recursive: true }));
  const client = join(folder, 'client');
  await mkdir(client);
  await install(client, runtimeClient);

  const testBed = await startTestBed();
  started.defer(testBed.stop);
  bus = await startEventBus();
  started.defer(() => bus.stop());
  const { main } = loopbackStage.accounts;
  const accounts = { main: { ...main, url: testBed.orangex.url } };
  const outdir = join(folder, 'assembly');
  // CDK reports every bundle that it makes on the terminal.
  const coolDown = captureOutput();
  createApp({ stage: resolveStage('test', { ...loopbackStage, accounts }), outdir }).synth();
  coolDown.release();
  stack = readAssembly(outdir, place);

  const running = startLambda({
    functions: stack.functions,
    region: place.region,
    endpoints: { ...testBed.env, AWS_ENDPOINT_URL_EVENTBRIDGE: bus.url },
    runtime: [
      '--import',
      fileURLToPath(new URL('package/rapid-client.ts', import.meta.url)),
      join(client, 'node_modules/aws-lambda-ric/index.mjs'),
    ],
    output: () => undefined,
    failed: (_, type, message) => failures.push(`${type}: ${message}`),
  });
  started.defer(running.stop);
  invoke = (name, ...event) => {
    invoked.add(name);
    return running.invoke(name, ...event);
  };
  const api = Promise.resolve({ routes: stack.routes, invoke });
  gateway = await startGateway({ port: 0, accountId: place.accountId, api });
  started.defer(gateway.stop);
});
beforeEach(({ skip }) => {
  skip(!reachable, "AWS's runtime client was not tried: no registry that has it can be reached.");
});
afterAll(() => started.disposeAsync());

/** A function that the template has for itself, called with an event. */
async function call(functionName: string | undefined, event: unknown) {
  return await invoke(functionName ?? '', JSON.stringify(event), 'Root=1-2-3');
}

/** What a route gets besides its path. */
const sent: Readonly<Record<string, { readonly query?: string; readonly body?: unknown }>> = {
  checkOrders: { body: { order_ids: [seedId] } },
  listOrders: { query: '?state=final' },
  getOrderState: { query: `?order_id=${seedId}` },
  callGetOrderState: {
    body: { jsonrpc: '2.0', id: 7, method: 'private/get_order_state', params: { order_id: seedId } },
  },
};

it.each(Object.entries<Route>(routes))(
  "AWS's runtime client loads the function of the route %s",
  async (name, { method, path }) => {
    const { query = '', body } = sent[name] ?? {};
    const target = path.replace('{account}', 'main').replace('{order_id}', seedId).replace('{version}', 'v1');
    const response = await fetch(gateway.url + target + query, {
      method,
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    const said = await response.text();
    expect({ status: response.status, said, failures: failures.splice(0) }).toMatchObject({
      status: 200,
      failures: [],
    });
    expect(said).toContain(path.includes('/orders') || path.includes('/api/') ? seedId : '"account":"main"');
  },
);

it("AWS's runtime client loads the sweep, and the sweep ends", async () => {
  const [tick] = stack.schedules;
  const outcome = await call(tick?.functionName, JSON.parse(tick?.input ?? ''));
  expect(outcome).toMatchObject({ kind: 'returned' });
});

it("AWS's runtime client loads the publisher, and the publisher publishes", async () => {
  const reply = { state: 'open', updatedAfter: 0, version: 1, filled: '0', label: '', rpl: '0' };
  const observation = observationOf(
    { account: 'main', orderId: seedId },
    { ...reply, requestedAfter: 0, took: 1, request: 1 },
  );
  const record = streamRecord(undefined, headItem(snapshotOf(observation)));
  const outcome = await call(stack.mappings[0]?.functionName, { Records: [record] });
  expect(outcome).toEqual({ kind: 'returned', payload: '{"batchItemFailures":[]}' });
  expect(bus.events).toHaveLength(1);
});

it("AWS's runtime client loads the account guard, and CloudFormation receives its response", async () => {
  const received = Promise.withResolvers<string>();
  const cloudFormation = createServer((request, response) => {
    text(request).then(received.resolve, received.reject);
    response.end();
  });
  const { port } = await listen(cloudFormation, 0);
  const request = { StackId: 'stack', RequestId: 'request', LogicalResourceId: 'Accounts' };
  const guard = stack.functions.find(({ name }) => name.includes('GuardAccounts'));
  await call(guard?.name, { ...request, RequestType: 'Create', ResponseURL: `http://127.0.0.1:${port}/response` });
  expect(JSON.parse(await received.promise)).toMatchObject({ ...request, Status: 'SUCCESS' });
  cloudFormation.close();
});

it('what a function throws reaches Lambda as an error with its type', async () => {
  const outcome = await call(stack.schedules[0]?.functionName, {});
  expect(outcome).toMatchObject({ kind: 'failed', errorType: 'Failure' });
});

it("AWS's runtime client loads every bundle in these tests", () => {
  expect([...invoked].toSorted()).toEqual(stack.functions.map(({ name }) => name).toSorted());
});
