import { describe, expect, test } from 'vitest';
import { defaultKey } from '../../emulator/exchange/server.ts';
import { failureOf } from '../thrown.ts';
import { holdKey, keyOf, start } from './test-client.ts';

const rotated = { clientId: 'tester', clientSecret: 'second-secret' };
const wrongKey = () => holdKey(keyOf('v1', 'wrong'));
const rotatedKey = () => holdKey(keyOf('v1', 'wrong'), keyOf('v2'));

describe.each(['orangex', 'deribit'] as const)('%s', (dialect) => {
  test('a client whose key changes gets a new key once when the exchange refuses the old one', async () => {
    const { getOrderState, key } = await start({ dialect }, rotatedKey());
    expect((await getOrderState()).keyVersion).toBe('v2');
    expect(key.renewals).toBe(1);
  });

  test('a client whose key changes gives up when there is no newer key, or when the newer one is refused as well', async () => {
    const same = await start({ dialect }, wrongKey());
    expect((await failureOf(same.getOrderState())).code).toBe('key_refused');
    expect([same.key.renewals, same.server.requests.length]).toEqual([1, 1]);

    const newer = await start({ dialect }, holdKey(keyOf('v1', 'wrong'), keyOf('v2', 'wrong too')));
    expect((await failureOf(newer.getOrderState())).code).toBe('key_refused');
    expect(newer.server.requests).toHaveLength(2);
  });

  test('a client whose key changes gets a new key no more than once, however many newer ones there are', async () => {
    let version = 1;
    const renew = async () => keyOf(`v${++version}`, 'wrong');
    const { getOrderState, server } = await start({ dialect }, { ...wrongKey(), renew });
    expect((await failureOf(getOrderState())).code).toBe('key_refused');
    expect(server.requests).toHaveLength(2);
  });

  test('a client whose key changes keeps working with a key that is rotated while it runs', async () => {
    const { getOrderState, server, key } = await start({ dialect });
    await getOrderState();
    server.setKeys([rotated]);
    key.newest = keyOf('v2', rotated.clientSecret);
    expect((await getOrderState()).keyVersion).toBe('v2');
    expect((await getOrderState()).keyVersion).toBe('v2');
    expect(key.renewals).toBe(1);
  });
});

describe('bearer tokens', () => {
  const dialect = 'orangex';

  test('a bearer token that the exchange no longer knows is renewed once, and the call repeated', async () => {
    const { getOrderState, server, key } = await start({ dialect });
    await getOrderState();
    server.revokeTokens();
    await getOrderState();
    expect(server.requests.map(({ call }) => call)).toEqual([
      'auth',
      'get_order_state',
      'get_order_state',
      'auth',
      'get_order_state',
    ]);
    expect(key.renewals).toBe(0);
  });

  test('a bearer token is renewed once for all calls that find it refused', async () => {
    const { getOrderState, server } = await start({ dialect });
    await getOrderState();
    server.revokeTokens();
    await Promise.all(Array.from({ length: 5 }, () => getOrderState()));
    expect(server.count('auth')).toBe(2);
  });

  test('a bearer token that is refused although it is new causes a new key, not a third token', async () => {
    const { getOrderState, server, key } = await start({ dialect });
    server.scriptAlways('order', { kind: 'error', code: 10000 });
    expect((await failureOf(getOrderState())).code).toBe('unauthorized');
    expect([server.count('auth'), server.count('get_order_state'), key.renewals]).toEqual([1, 1, 1]);
  });

  test('a bearer token that is refused, like its replacement, causes a new key', async () => {
    const { getOrderState, server, key } = await start({ dialect });
    await getOrderState();
    server.scriptAlways('order', { kind: 'error', code: 10000 });
    key.newest = keyOf('v2');
    expect((await failureOf(getOrderState())).code).toBe('unauthorized');
    // The old token, the new one, and the one of the new key.
    expect([server.count('auth'), server.count('get_order_state'), key.renewals]).toEqual([3, 4, 2]);
  });

  test('a bearer token that another call has renewed meanwhile is used once, and not renewed again', async () => {
    const { getOrderState, server, key } = await start({ dialect });
    const other = server.place();
    await getOrderState();
    const refused = { kind: 'error', code: 10000 } as const;
    const afterTheOther = async ({ body }: { body: string }) => {
      await getOrderState(other);
      return { body: `{"jsonrpc":"2.0","id":${JSON.parse(body).id},"error":{"code":10000}}` };
    };
    const [othersToken, othersRepeat] = [{ kind: 'pass' }, { kind: 'pass' }] as const;
    server.script('any', afterTheOther, refused, othersToken, othersRepeat, refused);
    expect((await failureOf(getOrderState())).code).toBe('unauthorized');
    expect([server.count('auth'), key.renewals]).toEqual([2, 1]);
  });

  test('a bearer token is requested once by concurrent calls', async () => {
    const { getOrderState, server } = await start({ dialect });
    await Promise.all(Array.from({ length: 5 }, () => getOrderState()));
    expect(server.count('auth')).toBe(1);
  });

  test('a bearer token is renewed before it expires', async () => {
    const { getOrderState, server, clock } = await start({ dialect, tokenLifeSeconds: 100 });
    await getOrderState();
    clock.advance(90_000);
    await getOrderState();
    expect(server.count('auth')).toBe(2);
  });

  test('a bearer token that may do more than read causes a warning', async () => {
    const keys = [{ ...defaultKey, scope: 'trade:read_write' }];
    const { getOrderState, warnings } = await start({ dialect, keys });
    await getOrderState();
    expect(warnings).toHaveLength(1);
  });
});
