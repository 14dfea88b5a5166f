import { expect, it } from 'vitest';
import { RequestLog } from './request-log.ts';

it('the request log keeps only the latest requests, counts all of them, and resolves when the n-th has come', async () => {
  const log = new RequestLog<{ readonly name: string; readonly n: number }>(({ name }) => name, 3);
  const fifth = log.received(5);
  for (let n = 1; n <= 5; n++) log.add({ name: n % 2 === 0 ? 'even' : 'odd', n });
  await fifth;
  expect(log.all.map(({ n }) => n)).toEqual([3, 4, 5]);
  expect([log.count('odd'), log.count('even'), log.count('none')]).toEqual([3, 2, 0]);
});
