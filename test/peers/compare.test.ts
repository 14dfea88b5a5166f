import { expect, test } from 'vitest';
import { compared, fetched, tableOf } from './compare.ts';

class NotFound extends Error {
  override readonly name = 'NotFound';
}

const order = { status: 'open', filled: 1, amount: 3, info: { label: 'x' } };
const replied = (changed: object = {}) => fetched(Promise.resolve({ ...order, ...changed }));
const refused = (error: Error) => fetched(Promise.reject(error));

test('the peer comparison treats equal orders as the same, and errors of one class, too', async () => {
  expect(compared('live', '1', await replied(), [await replied(), await replied()])).toEqual({
    what: 'live',
    orderId: '1',
    straight: 'open 1/3',
    through: 'open 1/3',
    same: true,
  });
  expect(compared('unknown', '2', await refused(new NotFound('a')), [await refused(new NotFound('b'))]).same).toBe(
    true,
  );
});

test('the peer comparison shows a difference in any field of any reply', async () => {
  const other = await replied({ info: { label: 'y' } });
  expect(compared('live', '1', await replied(), [await replied(), other]).same).toBe(false);
  const filled = compared('live', '1', await replied(), [await replied({ filled: 2 })]);
  expect(filled).toMatchObject({ through: 'open 2/3', same: false });
  expect(tableOf([filled])).toMatch(/\n {2}live +1 +open 1\/3 +open 2\/3 +NO$/);
});

test('the peer comparison shows an error in place of an order, and another error in place of an error', async () => {
  const missing = compared('live', '1', await replied(), [await refused(new NotFound('a'))]);
  expect(missing).toMatchObject({ straight: 'open 1/3', through: 'NotFound', same: false });
  expect(compared('unknown', '2', await refused(new NotFound('a')), [await refused(new Error('a'))]).same).toBe(false);
});
