import { createServer } from 'node:http';
import { expect, onTestFinished, test } from 'vitest';
import { listen, unlisten } from '../emulator/listen.ts';
import { getOrder } from './get-order.ts';

const order = { account: 'main', order: { order_id: '1' } };
const busy = { status: 503, headers: { 'retry-after': '0' }, body: { title: 'Busy', detail: 'Try again.' } };

/** Serves these responses, one for each request and the last one for all others; returns the address. */
async function serve(responses: readonly { status: number; headers?: Record<string, string>; body: object }[]) {
  let requests = 0;
  const server = createServer((_request, response) => {
    const next = responses[Math.min(requests, responses.length - 1)];
    requests++;
    response.writeHead(next?.status ?? 500, next?.headers).end(JSON.stringify(next?.body));
  });
  const { port } = await listen(server, 0);
  onTestFinished(() => unlisten(server));
  return { url: `http://127.0.0.1:${port}/`, count: () => requests };
}

const { signal } = new AbortController();

test('npm start requests its first order again while the API is too busy to check it', async () => {
  const { url, count } = await serve([busy, busy, { status: 200, body: order }]);
  expect(await getOrder(url, signal)).toEqual(order);
  expect(count()).toBe(3);
});

test("npm start ends with the API's problem when the API stays too busy to check the first order", async () => {
  const { url, count } = await serve([busy]);
  await expect(getOrder(url, signal)).rejects.toThrow('the first order could not be read (HTTP 503): Busy. Try again.');
  expect(count()).toBe(5);
});

test('npm start does not request its first order again when the API refuses it', async () => {
  const { url, count } = await serve([{ status: 502, body: { title: 'Bad', detail: 'It is.' } }]);
  await expect(getOrder(url, signal)).rejects.toThrow('the first order could not be read (HTTP 502): Bad. It is.');
  expect(count()).toBe(1);
});
