import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import * as z from 'zod/mini';
import { templateOf } from './synthesize.ts';

const security = readFileSync(new URL('../../.github/SECURITY.md', import.meta.url), 'utf8');
const Policy = z.strictObject({
  Version: z.literal('2012-10-17'),
  Statement: z.array(
    z.strictObject({
      Sid: z.enum(['Read', 'Watch']),
      Effect: z.literal('Allow'),
      Action: z.literal('execute-api:Invoke'),
      Resource: z.array(z.string()),
    }),
  ),
});
const [, example = ''] = /^```json\n(.+?)^```$/ms.exec(security) ?? [];
const statements = Policy.parse(JSON.parse(example)).Statement;

const template = templateOf();
const propertiesOf = (type: string) => Object.values(template.findResources(type)).map((of) => of['Properties']);
const [stage] = propertiesOf('AWS::ApiGatewayV2::Stage');
const routes: readonly string[] = propertiesOf('AWS::ApiGatewayV2::Route').map(({ RouteKey }) => RouteKey);

/** What IAM decides on for a request: the stage of the synthesized API, the method and the path as it was sent. */
function arnOf(method: string, path: string): string {
  return `arn:aws:execute-api:eu-west-1:111122223333:API/${stage?.['StageName']}/${method}${path}`;
}

/** The request of a route for an account. */
function requestOf(route: string, account: string, orderId = '39004881276768256'): readonly [string, string] {
  const [method = '', path = ''] = route.split(' ');
  const values: Readonly<Record<string, string>> = { account, order_id: orderId, version: 'v1' };
  return [method, path.replaceAll(/\{(\w+)\}/g, (_, name: string) => values[name] ?? 'unknown')];
}

/** As IAM compares: `*` is any text, slashes included, and `?` one character. */
function matches(pattern: string, arn: string): boolean {
  const source = pattern
    .replaceAll(/[\\^$.+()[\]{}|]/g, '\\$&')
    .replaceAll('*', '.*')
    .replaceAll('?', '.');
  return new RegExp(`^${source}$`).test(arn);
}

const allows = (sids: readonly string[], [method, path]: readonly [string, string]) =>
  statements
    .filter(({ Sid }) => sids.includes(Sid))
    .some(({ Resource }) => Resource.some((pattern) => matches(pattern, arnOf(method, path))));

const ofAccounts = routes.filter((route) => route.includes('{account}'));
const both = ['Read', 'Watch'];

it('the IAM policy of a trading desk allows every route of its account, and a read-only desk may not change a watch', () => {
  expect(ofAccounts).toHaveLength(routes.length - 1);
  for (const route of ofAccounts) {
    expect([route, allows(both, requestOf(route, 'main'))]).toEqual([route, true]);
    expect([route, allows(['Read'], requestOf(route, 'main'))]).toEqual([route, !/^(PUT|DELETE) /.test(route)]);
  }
});

it.each(['desk-2', 'main-2', 'mai', 'xmain', 'Main', 'main%2f', '*', ''])(
  'the IAM policy of a trading desk allows no route of another account, such as %j',
  (account) => {
    for (const route of ofAccounts) expect([route, allows(both, requestOf(route, account))]).toEqual([route, false]);
  },
);

it.each(['accounts/main', 'x/accounts/main/orders', '..%2Faccounts%2Fmain%2Forders'])(
  'the IAM policy of a trading desk denies access to another account whatever the order id contains, such as %j',
  (orderId) => {
    for (const route of ofAccounts)
      expect([route, allows(both, requestOf(route, 'desk-2', orderId))]).toEqual([route, false]);
  },
);

it('the IAM policy of a trading desk does not allow listing all accounts', () => {
  const others = routes.filter((route) => !ofAccounts.includes(route));
  expect(others).toEqual(['GET /accounts']);
  for (const route of others) expect(allows(both, requestOf(route, 'main'))).toBe(false);
});

it('the IAM policy of a trading desk names only resources that have a route', () => {
  for (const pattern of statements.flatMap(({ Resource }) => Resource)) {
    const allowed = ofAccounts.filter((route) => matches(pattern, arnOf(...requestOf(route, 'main'))));
    expect([pattern, allowed.length > 0]).toEqual([pattern, true]);
  }
});
