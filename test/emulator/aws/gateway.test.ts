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
      routes: ['GET /accounts', 'PUT /watch', 'POST /watch', 'DELETE /watch'].map((key) => ({
        key,
        functionName: 'f',
        iam: true,
        timeoutMs: 30_000,
      })),
      invoke: () => {
        invoked += 1;
        return Promise.resolve({ kind: 'returned', payload: '{"statusCode":200,"body":"{}"}' });
      },
    }),
  });
});
afterAll(() => gateway.stop());

/** `fetch` would not send a given Host header. */
async function send(path: string, method: string, host: string = new URL(gateway.url).host, headers = {}) {
  const sent = request(gateway.url + path, { method, headers: { host, ...headers } }).end();
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

const fromEvil = { origin: 'http://evil.example' };

test.each([
  ['POST', fromEvil],
  ['PUT', fromEvil],
  ['DELETE', fromEvil],
  ['POST', { origin: 'null' }],
  ['POST', { origin: 'http://localhost:1', 'sec-fetch-site': 'same-site' }],
  ['POST', { 'sec-fetch-site': 'cross-site' }],
])('the emulated gateway refuses a %s of a page of another origin (%j)', async (method, headers) => {
  const before = invoked;
  expect(await send('/watch', method, undefined, headers)).toMatchObject({
    status: 403,
    body: '{"message":"Pages of another origin may only read: this request changed nothing."}',
  });
  expect(invoked).toBe(before);
});

test('the emulated gateway serves writes of its own page, and of clients that are not browsers', async () => {
  for (const name of ['127.0.0.1', 'localhost', '[::1]']) {
    const host = `${name}:${new URL(gateway.url).port}`;
    for (const headers of [{ origin: `http://${host}`, 'sec-fetch-site': 'same-origin' }, {}])
      expect((await send('/watch', 'PUT', host, headers)).status).toBe(200);
  }
});

test('the emulated gateway serves reads of pages of another origin: the browser keeps the response from them', async () => {
  expect((await send('/accounts', 'GET', undefined, fromEvil)).status).toBe(200);
});
