import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { createApp } from '../../cdk/order-state-app.ts';
import { resolveStage } from '../../cdk/stages.ts';
import { type Operation, routes } from '../../lib/api/routes.ts';
import type { StageAccount } from '../../lib/stage/stage.ts';
import { type LocalFunction, type LocalStack, readAssembly } from '../emulator/aws/assembly.ts';
import { createTables, fillSecrets } from '../emulator/aws/engines.ts';
import { reserved } from '../emulator/aws/lambda.ts';
import { apiEvent, type Requested } from '../functions/api-events.ts';
import { changeWatchEvent } from '../functions/watch-events.ts';
import { region, type Servers } from './servers.ts';
import type { Subject } from './subjects.ts';

export const account = 'main';
/** More than is needed: permits are taken as always, and nobody waits for them. */
const shareOfRate = 1_000;

/** The stack as it would be deployed, with the account's exchange at the given address, and `changes` to the account. */
export function synthesize(outdir: string, url: string, changes: Partial<StageAccount> = {}): LocalStack {
  const stage = resolveStage('bench', {
    accounts: { [account]: { dialect: 'deribit', url } },
    protect: false,
    logRetention: 1,
    throttle: { rate: 100, burst: 100 },
    tags: {},
  });
  const { runtime } = stage;
  const accounts = Object.entries(runtime.accounts).map(([name, settings]) => [
    name,
    { ...settings, shareOfRate, ...changes },
  ]);
  createApp({ stage: { ...stage, runtime: { ...runtime, accounts: Object.fromEntries(accounts) } }, outdir }).synth();
  return readAssembly(outdir, { region, accountId: '123456789012' });
}

/** Creates what the stack's functions need. */
export async function deploy({ tables, secretNames }: LocalStack, servers: Servers): Promise<void> {
  const [key = { clientId: '', clientSecret: '' }] = servers.exchange.keys;
  await createTables(servers.dynamoUrl, region, tables);
  await fillSecrets(servers.secrets, region, secretNames, key);
}

/** Bytes of every bundle, by the function's name in the stack. */
export function bundleBytes({ functions }: LocalStack): Readonly<Record<string, number>> {
  const nameOf = ({ name }: LocalFunction) => /(\w+?)Function[0-9A-F]{8}$/.exec(name)?.[1] ?? name;
  return Object.fromEntries(functions.map((lambda) => [nameOf(lambda), statSync(bundleOf(lambda)).size]));
}

/** `get-order` in each of the ways in which it responds. */
export function ourSubjects(stack: LocalStack, { exchange }: Servers): readonly Subject[] {
  const lambda = functionOf(stack, 'getOrder');
  const subject = (
    name: string,
    expected: RegExp,
    more: { before?: (orderId: string) => void; query?: string } = {},
  ) => {
    const { before, query = '' } = more;
    const orderId = exchange.place();
    return {
      name: `get-order, ${name}`,
      handler: bundleOf(lambda),
      env: environmentOf(lambda),
      event: (requestId: string) =>
        apiEvent(routes.getOrder, { path: { account, order_id: orderId }, query, requestId }),
      expected,
      ...(before !== undefined && { before: () => before(orderId) }),
    };
  };
  let edits = 0;
  const edit = (orderId: string) => {
    edits += 1;
    exchange.edit(orderId, { price: String(50_000 + edits) });
  };
  return [
    subject('changed', /"source":"exchange","changed":true/, { before: edit }),
    subject('unchanged', /"source":"exchange","changed":false/),
    subject('from the table', /"source":"snapshot"/, { query: 'max_age=86400' }),
  ];
}

/** The API's other functions, for an order that `check-orders` makes known: each once, as far as it has several ways. */
export function otherSubjects(stack: LocalStack, { exchange }: Servers): readonly Subject[] {
  const orderId = exchange.place();
  const order = { account, order_id: orderId };
  const subject = (name: string, operation: Operation, expected: RegExp, request: Requested): Subject => {
    const lambda = functionOf(stack, operation);
    return {
      name,
      handler: bundleOf(lambda),
      env: environmentOf(lambda),
      event: (requestId) => apiEvent(routes[operation], { ...request, requestId }),
      expected,
    };
  };
  return [
    subject('check-orders', 'checkOrders', /"outcome":"checked"/, {
      path: { account },
      body: JSON.stringify({ order_ids: [orderId] }),
    }),
    subject('get-order-state', 'getOrderState', /"result":\{/, {
      path: { account, version: 'v2' },
      query: `order_id=${orderId}`,
    }),
    subject('list-orders', 'listOrders', /"orders":\[\{/, { path: { account }, query: 'state=live' }),
    subject('list-snapshots', 'listSnapshots', /"snapshots":\[\{/, { path: order }),
    subject('list-accounts', 'listAccounts', /"accounts":\[\{/, { path: {} }),
    {
      ...subject('change-watch', 'startWatch', /"watched":true/, { path: order }),
      event: (requestId) => changeWatchEvent('PUT', order, '', requestId),
    },
  ];
}

/** The variables of a function's process, Lambda's own included. */
export function environmentOf(lambda: LocalFunction): Readonly<Record<string, string>> {
  return { ...lambda.environment, ...reserved(lambda, region, 'stream') };
}

export function functionOf({ functions, routes: local }: LocalStack, operation: Operation): LocalFunction {
  const { method, path } = routes[operation];
  const route = local.find(({ key }) => key === `${method} ${path}`);
  const lambda = functions.find(({ name }) => name === route?.functionName);
  if (lambda === undefined) throw new Error(`no function handles ${method} ${path}`);
  return lambda;
}

/** The one file of a function's asset. */
export function bundleOf({ code }: LocalFunction): string {
  return join(code, readdirSync(code)[0] ?? '');
}
