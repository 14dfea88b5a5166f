import { describe, expect, it } from 'vitest';
import { writeJson } from '../../../lib/exchange/json.ts';
import { Logger } from '../../../lib/log.ts';
import { createOrderChecks } from '../../../lib/wiring/order-checks.ts';
import { seedFields, seedId } from '../../emulator/exchange/seed-order.ts';
import { defaultKey } from '../../emulator/exchange/server.ts';
import { lexeme } from '../../emulator/exchange/wire.ts';
import { secretText } from '../test-bed.ts';
import { testBed } from '../test-bed-for-file.ts';
import { failureOf } from '../thrown.ts';
import { always, check, checkWith, clock, createCheckOrderForEachTest, requested } from './order-checks.ts';

createCheckOrderForEachTest();

it('the seed’s order is requested, stored, and returned with every field of the specification', async () => {
  const checked = await check(seedId);
  const now = clock.now();
  expect(checked).toEqual({
    account: 'main',
    order: { ...seedFields, details: {} },
    rank: expect.stringMatching(/^1597129894026\.0000000001\.2\./),
    final: true,
    watched: false,
    source: 'exchange',
    changed: true,
    firstObservedAt: now,
    checkedAt: now,
    ageMs: 0,
    exchangeTime: Date.parse('2020-08-11T07:14:06.950Z'),
    result: expect.stringContaining(`"order_id":"${seedId}"`),
    stored: expect.anything(),
  });
  const items = await testBed.itemsOf(seedId);
  expect(items.map(({ sk }) => sk?.S?.replace(/S#.*/, 'S#'))).toEqual(['NOW#HEAD', 'NOW#WATCH', 'S#']);
});

it('the seed’s order is unchanged the second time, with and without max_age=0, and not stored twice', async () => {
  const first = await check(seedId, always);
  const before = await testBed.historyOf(seedId);
  const fromTable = await check(seedId);
  const fromExchange = await check(seedId, always);
  expect(fromTable).toMatchObject({ source: 'snapshot', changed: false, checkedAt: first.checkedAt });
  expect(fromExchange).toMatchObject({ source: 'exchange', changed: false });
  expect(fromExchange.checkedAt > first.checkedAt).toBe(true);
  expect(fromExchange.firstObservedAt).toBe(first.firstObservedAt);
  expect(fromTable.order).toEqual(fromExchange.order);
  expect(before).toHaveLength(1);
  expect(await testBed.historyOf(seedId)).toEqual(before);
});

it('the seed’s order has the same fields from both dialects', async () => {
  const { details: _, ...other } = (await check(seedId, { ...always, account: 'other' })).order;
  const { details: __, ...main } = (await check(seedId, always)).order;
  expect(other).toEqual(main);
  expect(other).toEqual(seedFields);
});

it('the seed’s order has the exchange’s time in the unit of both dialects', async () => {
  for (const account of ['main', 'other']) {
    const { exchangeTime } = await check(seedId, { ...always, account });
    expect(exchangeTime).toBe(Date.parse('2020-08-11T07:14:06.950Z'));
  }
});

describe.each(['main', 'other'] as const)('%s', (account) => {
  const exchangeOf = () => (account === 'main' ? testBed.orangex : testBed.deribit);

  it('a final order comes from the table without a call to the exchange, unless max_age requires one', async () => {
    const id = exchangeOf().place();
    exchangeOf().fill(id);
    expect(await check(id, { account })).toMatchObject({ final: true, watched: false, source: 'exchange' });
    expect(await requested(exchangeOf(), () => check(id, { account }))).toBe(0);
    expect(await requested(exchangeOf(), () => check(id, { account, maxAgeMs: 1 }))).toBe(0);
    expect(await requested(exchangeOf(), () => check(id, { account, ...always }))).toBe(1);
  });

  it('a final order that the exchange forgot comes from the table, even with max_age=0', async () => {
    const id = exchangeOf().place();
    exchangeOf().cancel(id);
    const seen = await check(id, { account });
    exchangeOf().forget(id);
    const history = await testBed.historyOf(id, account);
    const expected = { ...seen, source: 'snapshot', changed: false, stored: expect.anything() };
    expect(await check(id, { account })).toEqual({ ...expected, ageMs: 1_000 });
    expect(
      await requested(exchangeOf(), async () =>
        expect(await check(id, { account, ...always })).toEqual({ ...expected, ageMs: 2_000 }),
      ),
    ).toBe(1);
    expect(await testBed.historyOf(id, account)).toEqual(history);
    expect(await testBed.watchOf(id, account)).toMatchObject({ status: { S: 'final' } });
    expect((await testBed.itemsOf(id, account)).filter(({ kind }) => kind?.S === 'not_found')).toEqual([]);
  });
});

describe('digits', () => {
  const quantities = { amount: '10.00', price: '0.000000010', filled_amount: '1.50', average_price: '-0.5' };
  const details = {
    tiny: lexeme('1.6e-7'),
    huge: lexeme('39004881276768256123456789'),
    exact: lexeme('1.10'),
    text: '1.10',
    nested: { deep: [lexeme('0.1000')] },
  };

  it.each(['main', 'other'] as const)(
    'the digits of an order from account %s are those of the wire, and stay the same in the table',
    async (account) => {
      const exchange = account === 'main' ? testBed.orangex : testBed.deribit;
      const id = exchange.place({ ...quantities, details });
      const fromExchange = await check(id, { account });
      const fromTable = await check(id, { account, maxAgeMs: 60_000 });
      expect(fromTable.source).toBe('snapshot');
      expect(fromExchange.order).toMatchObject(quantities);
      for (const { order } of [fromExchange, fromTable]) {
        expect(writeJson(order)).toContain(
          '"tiny":1.6e-7,"huge":39004881276768256123456789,"exact":1.10,"text":"1.10","nested":{"deep":[0.1000]}',
        );
      }
      expect(writeJson(fromTable.order)).toBe(writeJson(fromExchange.order));
    },
  );

  it('the digits of an order are optional: a price may be a word, and quantities may be missing', async () => {
    const gone = { amount: undefined, filled_amount: undefined, average_price: undefined };
    const id = testBed.deribit.place({ price: 'market_price', ...gone });
    const { order } = await check(id, { account: 'other' });
    expect(order.price).toBe('market_price');
    for (const field of Object.keys(gone)) expect(order).not.toHaveProperty(field);
  });
});

it.each(['nobody', 'constructor', ''])(
  'a check of an order for account "%s", which does not exist, fails and calls no exchange',
  async (account) => {
    expect(
      await requested(testBed.orangex, async () => {
        expect((await failureOf(check(seedId, { account }))).code).toBe('unknown_account');
      }),
    ).toBe(0);
  },
);

it.each([{}, always])(
  'a check of an order with %j fails when the table is down, even if the exchange replies',
  async (more) => {
    const env = { ...testBed.env, AWS_ENDPOINT_URL_DYNAMODB: 'http://127.0.0.1:1' };
    checkWith(
      createOrderChecks({
        ...testBed,
        env,
        clock,
        priority: 'interactive',
        logger: new Logger(),
      }).checkOrder,
    );
    expect((await failureOf(check(seedId, more))).code).toBe('store_unavailable');
  },
);

it('a check of an order succeeds when the key was rotated meanwhile, and the provenance has the version that was accepted', async () => {
  const { orangex, secrets, secretNames } = testBed;
  const id = orangex.place();
  await check(id);
  const [before] = await testBed.historyOf(id);

  const key = { ...defaultKey, clientSecret: 'rotated' };
  orangex.setKeys([key]);
  const version = secrets.put(secretNames.main, secretText(key));
  orangex.partialFill(id, '1');
  expect(await check(id)).toMatchObject({ source: 'exchange', changed: true });
  const [, after] = await testBed.historyOf(id);
  expect(after?.['key_version']).toEqual({ S: version });
  expect(before?.['key_version']).not.toEqual({ S: version });
});
