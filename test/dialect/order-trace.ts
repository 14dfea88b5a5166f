/**
 * Takes one order of a dialect through exchange, store, reader, history, events and command line, and prints what each
 * of them says as JSON: node order-trace.ts DIALECT. `third-dialect.test.ts` runs it in a copy of this repository.
 */
import { createServer } from 'node:http';
import { withDefaults } from '../../cdk/account-defaults.ts';
import { systemClock as clock } from '../../lib/clock.ts';
import { createExchange } from '../../lib/exchange/client.ts';
import { dialects } from '../../lib/exchange/dialects/index.ts';
import { createRetryBudget } from '../../lib/exchange/retry.ts';
import { Secret } from '../../lib/exchange/secret.ts';
import { createHttpTransport } from '../../lib/exchange/transport.ts';
import { createCheckOrder } from '../../lib/orders/check-order.ts';
import { createListSnapshots } from '../../lib/orders/list-snapshots.ts';
import { createDynamoReader } from '../../lib/snapshots/dynamo-reader.ts';
import { headItem } from '../../lib/snapshots/items.ts';
import { Stage } from '../../lib/stage/stage.ts';
import { transitionOf } from '../../lib/transitions/events.ts';
import { startOpsTestBed } from '../cdk/ops/ops-test-bed.ts';
import { listen } from '../emulator/listen.ts';
import { parseOptions } from '../start/options.ts';

const [name = ''] = process.argv.slice(2);
const dialect = Object.values(dialects).find((known) => String(known.name) === name);
if (dialect === undefined) throw new Error(`there is no dialect ${name}`);

const key = { account: 'main', orderId: 'A-1' };
const at = Date.now() - 1_000;
const order = {
  order_id: key.orderId,
  order_state: Object.entries(dialect.states).find(([, state]) => state === 'canceled')?.[0],
  price: '1.10',
  instrument_name: 'ACME-1',
  direction: 'buy',
  creation_timestamp: at,
  last_update_timestamp: at,
  mark: '7',
};
const token = { access_token: 't', token_type: 'bearer', refresh_token: 'r', expires_in: 900, scope: 'trade:read' };
const server = createServer(async (request, response) => {
  const body = (await request.toArray()).join('');
  const { id, method } = JSON.parse(body);
  const result = method === `${dialect.methodPrefix}public/auth` ? token : order;
  response.end(JSON.stringify({ jsonrpc: '2.0', id, result }));
});
const { port } = await listen(server, 0);
const ops = await startOpsTestBed();
const transport = createHttpTransport({ clock });
try {
  const held = { version: '1', key: { clientId: 'tester', clientSecret: new Secret('tester-secret') } };
  const url = `http://127.0.0.1:${port}/${dialect.version}`;
  const exchange = createExchange({
    dialect,
    url,
    transport,
    credentials: { get: async () => held, renew: async () => held },
    rateLimiter: { acquire: async () => {}, throttled: async () => {} },
    clock,
    random: Math.random,
    nonce: () => 'nonce',
    retryBudget: createRetryBudget(),
  });
  const drift: string[] = [];
  const checkOrder = createCheckOrder({
    accounts: new Map([[key.account, { dialect, exchange }]]),
    store: ops.store,
    clock,
    onDrift: (_account, found) => drift.push(...found),
  });
  const deadline = clock.now() + 20_000;
  const checked = await checkOrder({ ...key, observedBy: 'get-order', requestId: 'request-1', deadline });

  const reader = createDynamoReader({ ...ops.engine, clock });
  const { rows: snapshots } = await reader.snapshots(key, { upTo: clock.now(), limit: 10 });
  const { rows: final } = await reader.list(key.account, 'final', { limit: 10 });
  const listSnapshots = createListSnapshots({ accounts: new Set([key.account]), reader });
  const history = await listSnapshots({ ...key, limit: 10 });
  const shown = await ops.run(['order', key.orderId, '--account', key.account, '--stage', 'dev', '--json']);
  const exporting = ['export', '--since', '2026-01-01', '--stage', 'dev', '--format', 'csv'];
  const exported = await ops.run(exporting);
  const times = withDefaults({ dialect: dialect.name });
  const stage = {
    name: 'test',
    auth: { kind: 'iam' },
    accounts: { main: { dialect: name, url, secretName: 's', ...times } },
  };
  console.log(
    JSON.stringify({
      stage: Stage.parse(stage).accounts,
      start: await parseOptions(['--dialect', name], {}),
      checked: checked.order,
      drift,
      snapshots: snapshots.map((snapshot) => snapshot.dialect),
      final: final.map(({ orderId }) => orderId),
      history: history.snapshots.map(({ snapshot }) => snapshot.order.order_state),
      events: snapshots.map((snapshot) => transitionOf({ after: headItem(snapshot) })?.detail),
      shown,
      exported,
    }),
  );
} finally {
  transport.close();
  server.close();
  await ops.stop();
}
