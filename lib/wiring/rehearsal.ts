import { HttpResponse } from '@smithy/core/protocols';
import { createDynamoClient } from '../aws/clients.ts';
import type { SendRequest } from '../aws/request-handler.ts';
import type { Clock } from '../clock.ts';
import type { Item } from '../dynamo.ts';
import { createExchange } from '../exchange/client.ts';
import { type DialectName, dialects } from '../exchange/dialects/index.ts';
import { createRetryBudget } from '../exchange/retry.ts';
import { Secret } from '../exchange/secret.ts';
import type { Transport } from '../exchange/transport.ts';
import { createCheckOrder } from '../orders/check-order.ts';
import type { CheckResult } from '../orders/check-result.ts';
import { createDynamoTable } from '../snapshots/dynamo-table.ts';
import { headKey, watchKey } from '../snapshots/items.ts';
import { createSnapshotStore } from '../snapshots/store.ts';

const orderId = '1';
const order = {
  order_id: orderId,
  order_state: 'open',
  instrument_name: 'BTC-PERPETUAL',
  direction: 'buy',
  order_type: 'limit',
  time_in_force: 'good_til_cancelled',
  price: 0.5,
  amount: '10',
  filled_amount: 0,
  average_price: 0,
  creation_timestamp: 1.6e12,
  last_update_timestamp: 1.6e12,
  label: '',
  api: true,
};

/** An exchange that knows one order. */
const reply: Transport = async ({ body }) => {
  const { id }: { readonly id: number } = JSON.parse(body);
  return { status: 200, body: JSON.stringify({ jsonrpc: '2.0', id, result: order, usIn: 1, usOut: 2, usDiff: 1 }) };
};

/** A table that holds what was put into it, as far as one order's checks can tell. */
function createTable(): SendRequest {
  const items = new Map<string, Item>();
  return async ({ body }) => {
    const { Item: item }: { readonly Item?: Item } = JSON.parse(body);
    if (item?.['sk']?.S !== undefined) items.set(item['sk'].S, item);
    const Items = [headKey, watchKey].map((key) => items.get(key)).filter((item) => item !== undefined);
    return { response: new HttpResponse({ statusCode: 200, headers: {}, body: JSON.stringify({ Items }) }) };
  };
}

const env = { AWS_REGION: 'none', AWS_ACCESS_KEY_ID: 'none', AWS_SECRET_ACCESS_KEY: 'none' };

/**
 * Checks an order that exists nowhere, with a table and an exchange in this function: it is new, then unchanged.
 * Nothing leaves the process. In this way INIT compiles, with a whole CPU, what its requests run.
 */
export async function rehearseCheck(dialectName: DialectName, clock: Clock): Promise<readonly CheckResult[]> {
  const account = '';
  const dialect = dialects[dialectName];
  const key = { version: '', key: { clientId: '', clientSecret: new Secret('') } };
  const exchange = createExchange({
    dialect: { ...dialect, auth: 'signature' },
    url: dialect.url,
    transport: reply,
    credentials: { get: async () => key, renew: async () => key },
    rateLimiter: { acquire: async () => {}, throttled: async () => {} },
    clock,
    random: Math.random,
    nonce: () => '',
    retryBudget: createRetryBudget(),
  });
  const table = createDynamoTable({
    client: createDynamoClient(env, createTable()),
    tableName: '',
    policyOf: () => ({ minMs: 0, maxMs: 0 }),
  });
  const checkOrder = createCheckOrder({
    accounts: new Map([[account, { exchange, dialect }]]),
    store: createSnapshotStore(table),
    clock,
    onDrift: () => {},
  });
  const checked: CheckResult[] = [];
  for (const maxAgeMs of [undefined, 0]) {
    const deadline = clock.now() + 1_000;
    checked.push(await checkOrder({ account, orderId, maxAgeMs, observedBy: '', requestId: '', deadline }));
  }
  return checked;
}
