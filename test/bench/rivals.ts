import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildSync } from 'esbuild';
import { routes } from '../../lib/api/routes.ts';
import { apiEvent } from '../functions/api-events.ts';
import { installAll } from '../peers/install.ts';
import { account } from './ours.ts';
import { rivalSecret, rivalTables, type Servers } from './servers.ts';
import type { Subject } from './subjects.ts';

/** The packages of the rivals, none of them a dependency of this project. */
const packages = {
  '@aws-lambda-powertools/idempotency': '2.35.0',
  '@aws-lambda-powertools/logger': '2.35.0',
  '@aws-lambda-powertools/metrics': '2.35.0',
  '@aws-lambda-powertools/parameters': '2.35.0',
  '@aws-lambda-powertools/tracer': '2.35.0',
  '@aws-sdk/client-dynamodb': '3.1164.0',
  '@aws-sdk/client-secrets-manager': '3.1163.0',
  '@aws-sdk/lib-dynamodb': '3.1164.0',
  '@middy/core': '7.9.2',
  ccxt: '4.5.84',
  // A peer of ccxt.
  protobufjs: '7.6.6',
  zod: '4.6.7',
} as const;

/** What figures are compared with. */
export const usualStack = 'the usual stack';

const installed = fileURLToPath(new URL('../../.local/bench', import.meta.url));

type Rival = { readonly name: string; readonly file: string; readonly warmed?: boolean };

/** `file`: in `handlers/`. `warmed`: it handles one request while it is loaded. */
const rivals: readonly Rival[] = [
  { name: 'node:https by hand', file: 'floor' },
  { name: 'node:https by hand, warmed', file: 'floor', warmed: true },
  { name: 'plain SDK, fetch', file: 'plain-sdk' },
  { name: 'plain SDK, fetch, warmed', file: 'plain-sdk', warmed: true },
  { name: 'ccxt, SDK', file: 'ccxt' },
  { name: usualStack, file: 'usual-stack' },
];

/** A handler that does nothing. */
export function emptySubject(folder: string, env: Subject['env']): Subject {
  return {
    name: 'empty handler',
    handler: bundle({ file: 'empty' }, folder),
    env,
    event: () => ({}),
    expected: /^{}$/,
  };
}

/**
 * Others that do the same job, installed and bundled as people bundle a function. `environment` is what every function
 * of the stack has. Throws when npm cannot install.
 */
export async function rivalSubjects(
  servers: Servers,
  folder: string,
  environment: Subject['env'],
): Promise<readonly Subject[]> {
  await installAll(installed, packages);
  const orderId = servers.exchange.place();
  const env = {
    ...environment,
    EXCHANGE_URL: servers.exchangeUrl,
    IDEMPOTENCY_TABLE: rivalTables.idempotency,
    ORDERS_TABLE: rivalTables.orders,
    POWERTOOLS_METRICS_NAMESPACE: 'OrderStateSnapshots',
    SECRET_NAME: rivalSecret,
    WARM_UP_ORDER: orderId,
  };
  const event = (requestId: string) => apiEvent(routes.getOrder, { path: { account, order_id: orderId }, requestId });
  const expected = /"order_state":"open"/;
  return rivals.map((rival) => ({ name: rival.name, handler: bundle(rival, folder), env, event, expected }));
}

/**
 * As CDK's NodejsFunction does it, and better where an option helps: CommonJS, minified, with the SDK's modules in it.
 * Only an ES module can wait for something while it is loaded.
 */
function bundle({ file, warmed = false }: Pick<Rival, 'file' | 'warmed'>, folder: string): string {
  const outfile = join(folder, warmed ? `${file}.mjs` : `${file}.cjs`);
  const contents = `import { handler } from './${file}.js';
    ${warmed ? `await handler({ pathParameters: { account: '${account}', order_id: process.env.WARM_UP_ORDER } });` : ''}
    export { handler };`;
  buildSync({
    stdin: { contents, resolveDir: fileURLToPath(new URL('handlers', import.meta.url)) },
    outfile,
    bundle: true,
    platform: 'node',
    target: 'node24',
    format: warmed ? 'esm' : 'cjs',
    mainFields: ['module', 'main'],
    minify: true,
    logLevel: 'error',
    nodePaths: [join(installed, 'node_modules')],
    // ccxt exports no single class.
    alias: { 'ccxt/deribit': join(installed, 'node_modules/ccxt/js/src/deribit.js') },
  });
  return outfile;
}
