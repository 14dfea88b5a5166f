import { once } from 'node:events';
import { request } from 'node:http';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Gateway, startGateway } from './gateway.ts';

let gateway: Gateway;
let invoked = 0;
beforeAll(async () => {
  const page = { headers: { 'content-type': 'text/html' }, body: Buffer.from('<!doctype html>') };
  gateway = await startGateway({
    port: 0,
    accountId: '111122223333',
    files: new Map([['/', page]]),
    api: Promise.resolve({
      routes: [{ key: 'GET /accounts', functionName: 'list-accounts', iam: true, timeoutMs: 30_000 }],
      invoke: () => {
        invoked += 1;
        return Promise.resolve({ kind: 'returned', payload: '{"statusCode":200,"body":"{}"}' });
      },
    }),
  });
});
afterAll(() => gateway.stop());

/** `fetch` would not send a given Host header. */
async function send(path: string, method: string, host: string = new URL(gateway.url).host) {
  const sent = request(gateway.url + path, { method, headers: { host } }).end();
  const [response] = await once(sent, 'response');
  return { status: Number(response.statusCode), headers: response.headers, body: await text(response) };
}

test('the emulated gateway responds to HEAD of a file as to GET, without the body', async () => {
  const [whole, head] = [await send('/', 'GET'), await send('/', 'HEAD')];
  expect(whole).toMatchObject({ status: 200, headers: { 'content-length': String(Buffer.byteLength(whole.body)) } });
  expect(head).toMatchObject({ status: 200, body: '' });
  for (const name of ['content-type', 'content-length']) expect(head.headers[name]).toBe(whole.headers[name]);
});

test('the emulated gateway allows only reads of a file', async () => {
  expect((await send('/', 'POST')).status).toBe(404);
});

test.each(['127.0.0.1', 'localhost', '[::1]'])(
  'the emulated gateway serves requests for the host name %s and its port',
  async (name) => {
    expect((await send('/accounts', 'GET', `${name}:${new URL(gateway.url).port}`)).status).toBe(200);
  },
);

test.each(['evil.example', 'evil.example:80', '127.0.0.1', 'localhost:1', 'localhost.evil.example'])(
  'the emulated gateway refuses requests for the host name "%s", which may resolve to this machine',
  async (host) => {
    const before = invoked;
    for (const path of ['/', '/accounts']) {
      expect(await send(path, 'GET', host)).toMatchObject({
        status: 421,
        body: '{"message":"Misdirected Request"}',
      });
    }
    expect(invoked).toBe(before);
  },
);
