import { PutSecretValueCommand } from '@aws-sdk/client-secrets-manager';
import { vi } from 'vitest';
import { createDynamoAccountTable } from '../../../lib/accounts/dynamo-table.ts';
import type { AccountTable } from '../../../lib/accounts/table.ts';
import type { Example } from '../../../lib/api/openapi.ts';
import { type Operation, routes } from '../../../lib/api/routes.ts';
import { createSecretsManagerClient } from '../../../lib/aws/clients.ts';
import { parseJson } from '../../../lib/exchange/json.ts';
import { defaultKey } from '../../emulator/exchange/server.ts';
import { lexeme } from '../../emulator/exchange/wire.ts';
import { secretText, startTestBed } from '../test-bed.ts';
import type { ReceivedResponse } from './document.ts';
import { startLocalApi } from './local-endpoint.ts';

export type GivenExample = Example & ReceivedResponse & { readonly operation: Operation };

const start = Date.UTC(2026, 10, 23, 8);

/** One day of a desk: real HTTP requests to the real functions, at times of our own. */
export async function giveExamples(): Promise<readonly GivenExample[]> {
  vi.useFakeTimers({ toFake: ['Date'], now: start });
  const testBed = await startTestBed();
  const { orangex, deribit, stage, env, secretNames } = testBed;
  // Responses contain the version of the key: one that is the same in every run.
  await createSecretsManagerClient(env).send(
    new PutSecretValueCommand({
      SecretId: secretNames.main,
      SecretString: secretText(defaultKey),
      ClientRequestToken: '0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0',
    }),
  );
  const api = await startLocalApi({ stage, env, requestId: 'JKJaXmPLvHcESHA=' });
  const given: GivenExample[] = [];

  /** Sends a request, and keeps the response as an example of the operation. */
  async function give(operation: Operation, name: string, path: string, requested?: object): Promise<ReceivedResponse> {
    const response = await fetch(`${api.url}/accounts${/^\w/.test(path) ? '/' : ''}${path}`, {
      method: routes[operation].method,
      ...(requested && { body: JSON.stringify(requested), headers: { 'content-type': 'application/json' } }),
    });
    const text = await response.text();
    const reported = { status: response.status, type: response.headers.get('content-type') ?? '', text };
    given.push({ ...reported, operation, name, value: parseJson(text), ...(requested && { requested }) });
    return reported;
  }
  const later = (seconds: number) => vi.setSystemTime(Date.now() + seconds * 1000);

  const live = orangex.place({ amount: '3', price: '64250.50', details: { label: lexeme('7.10') } });
  await give('getOrder', 'live', `main/orders/${live}`);
  later(7.25);
  orangex.partialFill(live, '1');
  await give('getOrder', 'partly_filled', `main/orders/${live}?max_age=5`);
  await give('getOrder', 'wrong_parameter', `main/orders/${live}?max_age=soon`);
  await give('getOrder', 'slash_in_a_parameter', 'main/orders/a%2Fb');

  const gone = orangex.place({ instrument_name: 'ETH-PERPETUAL', direction: 'sell', price: '3120.10' });
  await give('startWatch', 'never_seen', `main/orders/${gone}/watch`);
  await give('startWatch', 'unknown_account', `nobody/orders/${gone}/watch`);
  await fetch(`${api.url}/accounts/main/orders/${gone}`);
  later(2.5);
  orangex.forget(gone);
  await give('getOrder', 'missing', `main/orders/${gone}`);
  orangex.scriptAlways('order', { kind: 'error', code: 11_051 });
  await give('getOrder', 'maintenance', `main/orders/${live}`);
  orangex.clearScript();

  later(20);
  const filled = orangex.place({ instrument_name: 'XRP-PERPETUAL', price: '1.1010', amount: '100' });
  orangex.fill(filled, '1.1005');
  const check = { order_ids: [filled, 'no-such-order'], max_age: 5 };
  await give('checkOrders', 'one_of_two', 'main/orders/check', check);
  await give('checkOrders', 'no_order', 'main/orders/check', { order_ids: [] });

  later(5);
  await give('listOrders', 'live', 'main/orders?state=live&limit=10');
  await give('listOrders', 'attention', 'main/orders?state=attention');
  await give('listOrders', 'final', 'main/orders?state=final');
  await give('listOrders', 'tampered_cursor', 'main/orders?state=live&cursor=tampered');
  await sweptAccounts(createDynamoAccountTable(testBed.engine));
  await give('listAccounts', 'stage', '');
  await give('listAccounts', 'unknown_parameter', '?state=live');
  await give('getAccount', 'untrusted', 'other');
  await give('getAccount', 'unknown_account', 'nobody');
  await give('listSnapshots', 'history', `main/orders/${live}/snapshots?limit=10`);
  await give('listSnapshots', 'believed_at', `main/orders/${gone}/snapshots?believed_at=2026-11-23T08:00:10Z`);
  await give('listSnapshots', 'no_zone', `main/orders/${live}/snapshots?at=2026-11-23T08:00:05`);
  await give('stopWatch', 'stopped', `main/orders/${gone}/watch`);
  await give('stopWatch', 'wrong_order_id', 'main/orders/a*b/watch');

  const theirs = deribit.place({ amount: '0.70', price: '2998.05', instrument_name: 'ETH-PERPETUAL' });
  const path = 'api/v2/private/get_order_state';
  await give('getOrderState', 'open', `other/${path}?order_id=${theirs}`);
  await give('getOrderState', 'not_found', `other/${path}?order_id=ETH-1`);
  await give('getOrderState', 'wrong_version', `main/${path}?order_id=${live}`);
  const call = { jsonrpc: '2.0', id: 7, method: 'private/get_order_state', params: { order_id: theirs } };
  await give('callGetOrderState', 'open', `other/${path}`, call);
  await give('callGetOrderState', 'not_found', `other/${path}`, { ...call, params: { order_id: 'ETH-1' } });
  await give('callGetOrderState', 'wrong_version', `main/${path}`, call);

  vi.useRealTimers();
  await Promise.all([api.stop(), testBed.stop()]);
  return given;
}

/** What sweeps leave with the accounts: one whose lists are trusted, and one that a key's refusal stopped. */
async function sweptAccounts(table: AccountTable): Promise<void> {
  const at = Date.now();
  const lease = { owner: 'example', until: at + 30_000 };
  const counts = { at, open: 12, covered: 11, missing: 1, unknown: 0, inconsistent: 0, overCapacity: false };
  const listed = { at: at - 4_000, orders: 11, ordersReadAt: at - 9_000 };
  const refused = { phase: 'open', reason: 'key_refused', since: at - 95_000 } as const;
  const untrusted = { trusted: false, since: at - 90_000, reason: 'contradicted', failures: 2, nextAt: at + 30_000 };
  for (const account of ['main', 'other']) await table.takeLease(account, { ...lease, now: at });
  await table.renewLease('main', lease, { listed, summary: { ...counts, breaker: { phase: 'closed' } } });
  await table.renewLease('other', lease, {
    listTrust: untrusted,
    summary: { ...counts, covered: 0, breaker: refused },
  });
}
