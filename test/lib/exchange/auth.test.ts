import { expect, test } from 'vitest';
import { Failure } from '../../../lib/errors.ts';
import { createSignatureAuth, createTokenAuth, sign, signedHeader } from '../../../lib/exchange/auth.ts';
import { parseJson } from '../../../lib/exchange/json.ts';
import { Secret } from '../../../lib/exchange/secret.ts';
import { failureOf, printed } from '../thrown.ts';
import { createVirtualClock } from '../virtual-clock.ts';
import { keyOf } from './test-client.ts';

const amanda = { clientId: 'AMANDA', clientSecret: new Secret('AMANDASECRECT') };
const timestamp = 1576074319000;
const nonce = '1iqt2wls';

test('signing gives the result that the exchange publishes for client_signature', () => {
  expect(sign(amanda.clientSecret, [String(timestamp), nonce, ''])).toBe(
    '56590594f97921b09b18f166befe0d1319b198bbcdad7ca73382de2f88fe9aa1',
  );
});

test('signing gives the result that the exchange publishes for a signed request', () => {
  const url = 'https://www.deribit.com/api/v2/private/get_account_summary?currency=BTC';
  expect(signedHeader(amanda, { method: 'GET', url, body: '', timestamp, nonce })).toBe(
    'deri-hmac-sha256 id=AMANDA,ts=1576074319000,nonce=1iqt2wls,' +
      'sig=9bfbc51a2bc372d72cc396cf1a213dc78d42eb74cb7dc272351833ad0de276ab',
  );
});

test('signature auth signs each request anew, and has no token that could be renewed', async () => {
  const clock = createVirtualClock(timestamp);
  const nonces = ['a', 'b'];
  const auth = createSignatureAuth({ clock, nonce: () => nonces.shift() ?? '' });
  const request = { url: 'https://localhost/api/v2/private/get_order_state', body: '{}' };
  const grants = [];
  for (let i = 0; i < 2; i++) grants.push(await auth.grant(request, { version: 'v1', key: amanda }, 0));
  const [first, second] = grants.map(({ headers }) => headers['authorization']);
  expect(first).toMatch(/^deri-hmac-sha256 id=AMANDA,ts=1576074319000,nonce=a,sig=[0-9a-f]{64}$/);
  expect(second).toMatch(/,nonce=b,/);
  grants[0]?.accepted();
  expect(grants[0]?.discard()).toBe(false);
});

const request = { url: 'https://localhost/', body: '' };

/** Token auth whose exchange sends scripted replies, and counts the requests. */
function tokens(
  reply: (requested: number) => string | Promise<string> = (requested) =>
    `"access_token":"t${requested}","expires_in":900`,
) {
  const clock = createVirtualClock();
  const calls: unknown[] = [];
  const warnings: string[] = [];
  const auth = createTokenAuth({
    clock,
    onWarning: (sentence) => warnings.push(sentence),
    call: async (method, params, deadline) => {
      calls.push({ method, params, deadline });
      return parseJson(`{${await reply(calls.length)}}`);
    },
  });
  const grant = (version = 'v1') => auth.grant(request, keyOf(version, 'canary-5c', 'me'), 42);
  const bearer = async (version?: string) => (await grant(version)).headers['authorization'];
  return { clock, calls, warnings, grant, bearer };
}

test('token auth sends client_credentials in the body, once, and uses the token until it must be renewed', async () => {
  const { clock, calls, bearer } = tokens();
  expect(await bearer()).toBe('bearer t1');
  clock.advance(900_000 - 60_000 - 1);
  expect(await bearer()).toBe('bearer t1');
  const params = { grant_type: 'client_credentials', client_id: 'me', client_secret: 'canary-5c' };
  expect(calls).toEqual([{ method: 'public/auth', params, deadline: 42 }]);
  clock.advance(1);
  expect(await bearer()).toBe('bearer t2');
});

test.each([
  ['900', 840_000],
  ['"43199"', 43_139_000],
  ['100', 90_000],
  ['100.7', 90_000],
  ['0', 54_000],
  ['-5', 54_000],
  ['null', 54_000],
  ['"soon"', 54_000],
])('token auth keeps a token with expires_in %s for %i ms', async (expiresIn, kept) => {
  const { clock, calls, bearer } = tokens((requested) => `"access_token":"t${requested}","expires_in":${expiresIn}`);
  await bearer();
  clock.advance(kept - 1);
  await bearer();
  expect(calls).toHaveLength(1);
  clock.advance(1);
  await bearer();
  expect(calls).toHaveLength(2);
});

test('token auth counts the life of a token from its request', async () => {
  const { clock, calls, bearer } = tokens((requested) => {
    clock.advance(5_000);
    return `"access_token":"t${requested}","expires_in":100`;
  });
  await bearer();
  clock.advance(85_000);
  await bearer();
  expect(calls).toHaveLength(2);
});

test('token auth shares one token request among concurrent callers', async () => {
  const { calls, bearer } = tokens();
  expect(await Promise.all([bearer(), bearer(), bearer()])).toEqual(['bearer t1', 'bearer t1', 'bearer t1']);
  expect(calls).toHaveLength(1);
});

test('token auth never uses the token of another key, not even one that is on its way', async () => {
  const { calls, bearer } = tokens();
  expect(await Promise.all([bearer('v1'), bearer('v2')])).toEqual(['bearer t1', 'bearer t2']);
  expect(await bearer('v2')).toBe('bearer t2');
  expect(await bearer('v3')).toBe('bearer t3');
  expect(calls).toHaveLength(3);
});

test('token auth drops a refused token, but not the one that has replaced it', async () => {
  const { calls, grant, bearer } = tokens();
  await grant();
  const [one, other] = [await grant(), await grant()];
  expect(one.discard()).toBe(true);
  expect(await bearer()).toBe('bearer t2');
  expect(other.discard()).toBe(true);
  expect(await bearer()).toBe('bearer t2');
  expect(calls).toHaveLength(2);
});

test('token auth says that another token would not help when the refused one was made for this request', async () => {
  const { grant, bearer } = tokens();
  expect((await grant()).discard()).toBe(false);
  expect(await bearer()).toBe('bearer t2');
});

test('token auth replaces refused tokens no more than once in 10 s, until one is accepted', async () => {
  const { grant, bearer, clock } = tokens();
  await grant();
  expect((await grant()).discard()).toBe(true);
  expect((await grant()).discard()).toBe(false);
  expect((await grant()).discard()).toBe(false);
  expect(await bearer()).toBe('bearer t2');
  clock.advance(10_000);
  expect((await grant()).discard()).toBe(true);
  expect((await grant()).discard()).toBe(false);
  expect(await bearer()).toBe('bearer t3');
  (await grant()).accepted();
  expect((await grant()).discard()).toBe(true);
  expect(await bearer()).toBe('bearer t4');
});

test('token auth requests a token again after a failure', async () => {
  const { bearer } = tokens((requested) => {
    if (requested === 1) throw new Failure('busy', 'busy');
    return `"access_token":"t${requested}"`;
  });
  const failures = await Promise.all([failureOf(bearer()), failureOf(bearer())]);
  expect(failures.map(({ code }) => code)).toEqual(['busy', 'busy']);
  expect(await bearer()).toBe('bearer t2');
});

test.each(['order_not_found', 'invalid_order_id'] as const)(
  'token auth does not let the error %s of a token request say anything about an order',
  async (code) => {
    const { bearer } = tokens(() => {
      throw new Failure(code, 'The exchange returned error 1.', { exchangeCode: 1 });
    });
    expect(await failureOf(bearer())).toMatchObject({ code: 'exchange_error', exchangeCode: 1 });
  },
);

test.each(['', '"access_token":""', '"access_token":7', '"access_token":"a b"', '"access_token":"canary\\n"'])(
  'token auth refuses a token reply with {%s} as invalid_response',
  async (reply) => {
    const failure = await failureOf(tokens(() => reply).bearer());
    expect(failure.code).toBe('invalid_response');
    expect(printed(failure)).not.toContain('canary');
  },
);

test('token auth refuses a token reply that is not an object as invalid_response', async () => {
  const auth = createTokenAuth({
    clock: createVirtualClock(),

    call: async () => 'ok',
  });
  expect((await failureOf(auth.grant(request, keyOf('v1'), 0))).code).toBe('invalid_response');
});

test.each([
  ['"account:read trade:read block_trade:undefined"', 0],
  ['null', 0],
  ['"trade:read_write account:read"', 1],
  ['"session:x wallet:write"', 1],
  ['["trade:read_write"]', 1],
])('token auth warns, for a token with the scope %s, %i times, once for each key', async (scope, times) => {
  const { warnings, grant } = tokens((requested) => `"access_token":"t${requested}","scope":${scope}`);
  (await grant()).discard();
  await grant();
  expect(warnings).toHaveLength(times);
  await grant('v2');
  expect(warnings).toHaveLength(2 * times);
});

test('token auth works without a warning callback', async () => {
  const call = async () => parseJson('{"access_token":"t","scope":"trade:read_write"}');
  const auth = createTokenAuth({ clock: createVirtualClock(), call });
  expect((await auth.grant(request, keyOf('v1'), 0)).headers).toEqual({ authorization: 'bearer t' });
});
