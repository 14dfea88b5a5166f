import { expect, test } from 'vitest';
import { compared, fetched, tableOf } from './compare.ts';

class NotFound extends Error {
  override readonly name = 'NotFound';
}

const order = { status: 'open', filled: 1, amount: 3, info: { label: 'x' } };
const answered = (changed: object = {}) => fetched(Promise.resolve({ ...order, ...changed }));
const refused = (error: Error) => fetched(Promise.reject(error));

test('equal orders are the same, and so are errors of one class', async () => {
  expect(compared('live', '1', await answered(), [await answered(), await answered()])).toEqual({
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

test('a difference in any field of any answer shows', async () => {
  const other = await answered({ info: { label: 'y' } });
  expect(compared('live', '1', await answered(), [await answered(), other]).same).toBe(false);
  const filled = compared('live', '1', await answered(), [await answered({ filled: 2 })]);
  expect(filled).toMatchObject({ through: 'open 2/3', same: false });
  expect(tableOf([filled])).toMatch(/\n {2}live +1 +open 1\/3 +open 2\/3 +NO$/);
});

test('an error in an order’s place shows, and another error in an error’s', async () => {
  const missing = compared('live', '1', await answered(), [await refused(new NotFound('a'))]);
  expect(missing).toMatchObject({ straight: 'open 1/3', through: 'NotFound', same: false });
  expect(compared('unknown', '2', await refused(new NotFound('a')), [await refused(new Error('a'))]).same).toBe(false);
});
