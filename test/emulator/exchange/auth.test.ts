import { Agent } from 'node:http';
import { describe, expect, test } from 'vitest';
import { KeyRing } from './auth.ts';
import { startExchangeForTest as start } from './exchange-for-test.ts';
import { credentials, fieldOf, get, login, post, requestOrder, signed } from './http-client.ts';
import { seedId } from './seed-order.ts';

const start2019 = 1_576_074_319_000;
const amanda = { clientId: 'AMANDA', clientSecret: 'AMANDASECRECT' };
const orderPath = 'private/get_order_state';
const params = { order_id: seedId };

/** The error's code, or what else came. */
async function codeOf(reply: Promise<{ readonly text: string }>): Promise<string> {
  const { text } = await reply;
  return /"code":(-?\d+)/.exec(text)?.[1] ?? (text.includes('"result":') ? 'result' : text);
}

test('client_credentials on the emulated exchange give a bearer token that lives as long as the dialect says', async () => {
  for (const [dialect, life] of [['orangex', 43_199] as const, ['deribit', 900] as const]) {
    let at = start2019;
    const exchange = await start({ dialect, now: () => at });
    const granted = await post(exchange, 'public/auth', {
      params: { ...credentials, scope: 'session:a', state: 's' },
    });
    const result = { token_type: 'bearer', expires_in: life, state: 's' };
    expect(JSON.parse(granted.text)).toMatchObject({ id: 1, jsonrpc: '2.0', result });
    const headers = { authorization: `Bearer ${fieldOf(granted.text, 'access_token')}` };
    at += life * 1000 - 1;
    expect(await codeOf(post(exchange, orderPath, { headers, params }))).toBe('result');
    at += 1;
    expect(await codeOf(post(exchange, orderPath, { headers, params }))).toBe(
      dialect === 'orangex' ? '10000' : '13009',
    );
  }
});

test.each(['orangex', 'deribit'] as const)(
  'client_credentials on the emulated exchange are refused on %s when they are wrong, and never taken from a URL',
  async (dialect) => {
    const exchange = await start({ dialect });
    const wrong = { ...credentials, client_secret: 'guess' };
    expect(await codeOf(post(exchange, 'public/auth', { params: wrong }))).toBe('13004');
    const unknown = { ...credentials, client_id: 'nobody' };
    expect(await codeOf(post(exchange, 'public/auth', { params: unknown }))).toBe('13004');
    expect(await codeOf(post(exchange, 'public/auth', { params: { grant_type: 'password' } }))).toBe('-32602');
    expect(await codeOf(get(exchange, `public/auth?${new URLSearchParams(credentials)}`))).toBe('-32600');
  },
);

test('client_credentials on the emulated exchange are void after a rotation, and so are the tokens that they got', async () => {
  const exchange = await start({ dialect: 'orangex' });
  const headers = { authorization: `bearer ${await login(exchange)}` };
  exchange.setKeys([{ clientId: 'tester', clientSecret: 'the new one' }, amanda]);
  expect(exchange.keys).toHaveLength(2);
  expect(await codeOf(post(exchange, orderPath, { headers, params }))).toBe('10000');
  expect(await codeOf(post(exchange, 'public/auth', { params: credentials }))).toBe('13004');
  const fresh = { ...credentials, client_secret: 'the new one' };
  expect(await codeOf(post(exchange, 'public/auth', { params: fresh }))).toBe('result');
});

test('client_credentials on the emulated exchange stay valid after a rotation that only adds a key', async () => {
  const exchange = await start({ dialect: 'orangex' });
  const headers = { authorization: `bearer ${await login(exchange)}` };
  exchange.setKeys([...exchange.keys, amanda]);
  expect(await codeOf(post(exchange, orderPath, { headers, params }))).toBe('result');
});

test('an access token of the emulated exchange is refused on orangex when it is missing, wrong, revoked, or in the params', async () => {
  const exchange = await start({ dialect: 'orangex' });
  const token = await login(exchange);
  const headers = { authorization: `bearer ${token}` };
  const codes = [
    await codeOf(post(exchange, orderPath, { params })),
    await codeOf(post(exchange, orderPath, { params, headers: { authorization: 'bearer guess' } })),
    await codeOf(post(exchange, orderPath, { params: { ...params, access_token: token } })),
    await codeOf(post(exchange, orderPath, { params: { ...params, access_token: token }, headers })),
    await codeOf(post(exchange, orderPath, { params, headers })),
  ];
  exchange.revokeTokens();
  codes.push(await codeOf(post(exchange, orderPath, { params, headers })));
  expect(codes).toStrictEqual(['10000', '10000', '10000', '10000', 'result', '10000']);
});

test('an access token of the emulated exchange that belongs to no session ends with its connection on deribit, where any other connection gets 13009 with status 401', async () => {
  const exchange = await start({ dialect: 'deribit' });
  const [here, there] = [new Agent({ keepAlive: true, maxSockets: 1 }), new Agent({ keepAlive: true, maxSockets: 1 })];
  const headers = { authorization: `bearer ${await login(exchange, '', here)}` };
  expect(await codeOf(post(exchange, orderPath, { params, headers, agent: here }))).toBe('result');
  const elsewhere = await post(exchange, orderPath, { params, headers, agent: there });
  expect(elsewhere.status).toBe(401);
  expect(elsewhere.text).toContain('13009');
  here.destroy();
  there.destroy();
});

test('an access token of the emulated exchange is limited on deribit to the scope of the key, and to the requested lifetime', async () => {
  const keys = [{ clientId: 'tester', clientSecret: 'tester-secret', scope: 'account:read trade:read_write' }];
  const exchange = await start({ dialect: 'deribit', keys });
  const granted = async (scope: string) => {
    const { text } = await post(exchange, 'public/auth', { params: { ...credentials, scope } });
    return [fieldOf(text, 'scope'), /"expires_in":(\d+)/.exec(text)?.[1]];
  };
  expect(await granted('')).toStrictEqual(['connection account:read trade:read_write', '900']);
  expect(await granted('session:x trade:read')).toStrictEqual(['session:x trade:read', '900']);
  expect(await granted('account:read_write wallet:read expires:60')).toStrictEqual(['connection account:read', '60']);
});

test('an access token of the emulated exchange without the right to read orders is forbidden to read them', async () => {
  const keys = [{ clientId: 'tester', clientSecret: 'tester-secret', scope: 'wallet:read' }];
  expect(await codeOf(requestOrder(await start({ dialect: 'deribit', keys }), seedId))).toBe('13021');
});

test('an access token of the emulated exchange sees only the orders of its own account', async () => {
  const exchange = await start({ dialect: 'orangex', keys: [{ ...amanda, account: 'hers' }] });
  const hers = exchange.place({ account: 'hers' });
  const auth = { grant_type: 'client_credentials', client_id: amanda.clientId, client_secret: amanda.clientSecret };
  const granted = await post(exchange, 'public/auth', { params: auth });
  const headers = { authorization: `bearer ${fieldOf(granted.text, 'access_token')}` };
  expect(await codeOf(post(exchange, orderPath, { headers, params: { order_id: hers } }))).toBe('result');
  expect(await codeOf(post(exchange, orderPath, { headers, params }))).toBe('10029');
});

test('a refresh token of the emulated exchange is used up at once, and so is the access token that it renews', async () => {
  const exchange = await start({ dialect: 'deribit' });
  const first = await post(exchange, 'public/auth', { params: { ...credentials, scope: 'session:a' } });
  const refresh = { grant_type: 'refresh_token', refresh_token: fieldOf(first.text, 'refresh_token') };
  const second = await post(exchange, 'public/auth', { params: refresh });
  const bearer = (text: string) => ({ authorization: `bearer ${fieldOf(text, 'access_token')}` });
  expect(await codeOf(post(exchange, orderPath, { params, headers: bearer(first.text) }))).toBe('13009');
  expect(await codeOf(post(exchange, orderPath, { params, headers: bearer(second.text) }))).toBe('result');
  expect(await codeOf(post(exchange, 'public/auth', { params: refresh }))).toBe('13009');
});

describe('signatures', () => {
  const signature = '56590594f97921b09b18f166befe0d1319b198bbcdad7ca73382de2f88fe9aa1';
  const grant = {
    grant_type: 'client_signature',
    client_id: 'AMANDA',
    timestamp: start2019,
    nonce: '1iqt2wls',
    data: '',
    signature,
  };

  test('a signature on the emulated exchange as published by deribit is accepted once for a token', async () => {
    const exchange = await start({ dialect: 'deribit', keys: [amanda], now: () => start2019 });
    expect(await codeOf(post(exchange, 'public/auth', { params: grant }))).toBe('result');
    expect(await codeOf(post(exchange, 'public/auth', { params: grant }))).toBe('13004');
    const changed = { ...grant, nonce: 'another', data: 'x' };
    expect(await codeOf(post(exchange, 'public/auth', { params: changed }))).toBe('13004');
  });

  test('a signature on the emulated exchange for a token is refused on orangex', async () => {
    const exchange = await start({ dialect: 'orangex', keys: [amanda], now: () => start2019 });
    expect(await codeOf(post(exchange, 'public/auth', { params: grant }))).toBe('10000');
  });

  test('a signature on the emulated exchange of a request is verified against the published vector', () => {
    const ring = new KeyRing({ dialect: 'deribit', keys: [amanda], now: () => start2019, tokenLifeSeconds: 1 });
    const sig = '9bfbc51a2bc372d72cc396cf1a213dc78d42eb74cb7dc272351833ad0de276ab';
    const proof = {
      authorization: `deri-hmac-sha256 id=AMANDA,ts=1576074319000,nonce=1iqt2wls,sig=${sig}`,
      method: 'GET',
      uri: '/api/v2/private/get_account_summary?currency=BTC',
      body: '',
      connection: 1,
    };
    expect(() => ring.authenticate({ ...proof, uri: '/api/v2/private/get_account_summary?currency=ETH' })).toThrow(
      '13004',
    );
    expect(ring.authenticate(proof)).toMatchObject({
      account: 'main',
      scope: expect.stringContaining('trade:read'),
    });
    expect(() => ring.authenticate(proof)).toThrow('13004');
  });

  test('a signature on the emulated exchange over method, URI and body gives access to the order, by POST and by GET', async () => {
    const exchange = await start({ dialect: 'deribit' });
    const body = `{"jsonrpc":"2.0","id":1,"method":"${orderPath}","params":{"order_id":"${seedId}"}}`;
    const uri = `/api/v2/${orderPath}`;
    const posted = { body, headers: { authorization: signed('POST', uri, body) } };
    expect(await codeOf(post(exchange, orderPath, posted))).toBe('result');
    expect(exchange.count('auth')).toBe(0);
    const query = `?order_id=${seedId}`;
    const headers = { authorization: signed('GET', uri + query, '') };
    expect(await codeOf(get(exchange, orderPath + query, headers))).toBe('result');
  });

  test('a signature on the emulated exchange is refused when any part of it is wrong', async () => {
    const exchange = await start({ dialect: 'deribit', now: () => start2019 });
    const uri = `/api/v2/${orderPath}`;
    const body = `{"jsonrpc":"2.0","id":1,"method":"${orderPath}","params":{"order_id":"${seedId}"}}`;
    const send = (authorization: string) => codeOf(post(exchange, orderPath, { body, headers: { authorization } }));
    const ts = start2019;
    expect(await send(signed('POST', uri, body, { ts }))).toBe('result');
    expect(await send(signed('POST', uri, body, { ts: ts - 60_000 }))).toBe('result');
    expect(await send(signed('POST', uri, body, { ts: ts - 60_001 }))).toBe('13004');
    expect(await send(signed('POST', uri, body, { ts: ts + 60_001 }))).toBe('13004');
    expect(await send(signed('POST', uri, body, { ts: 'now' }))).toBe('13004');
    expect(await send(signed('GET', uri, body, { ts }))).toBe('13004');
    expect(await send(signed('POST', `${uri}/`, body, { ts }))).toBe('13004');
    expect(await send(signed('POST', uri, `${body} `, { ts }))).toBe('13004');
    expect(await send(signed('POST', uri, body, { ts, secret: 'guess' }))).toBe('13004');
    expect(await send(signed('POST', uri, body, { ts, id: 'nobody' }))).toBe('13004');
    expect(await send('deri-hmac-sha256 id=tester')).toBe('13004');
    expect(await send(signed('POST', uri, body, { ts, nonce: 'twice' }))).toBe('result');
    expect(await send(signed('POST', uri, body, { ts, nonce: 'twice' }))).toBe('13004');
  });

  test('a signature on the emulated exchange of a request is unknown to orangex', async () => {
    const exchange = await start({ dialect: 'orangex' });
    const authorization = signed('POST', `/api/v1/${orderPath}`, '');
    expect(await codeOf(post(exchange, orderPath, { params, headers: { authorization } }))).toBe('10000');
  });
});
