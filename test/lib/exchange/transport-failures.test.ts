import { deflateSync, gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { failureOf, printed } from '../thrown.ts';
import { certificate } from './certificate.ts';
import { canary, post, startTransport, wire } from './start-transport.ts';
import { http } from './wire-server.ts';

test('a TLS connection carries a request to a server whose certificate is trusted', async () => {
  const server = await wire((socket) => socket.write(http('{}')), { tls: true });
  const transport = startTransport({ ca: certificate });
  for (let i = 0; i < 2; i++) expect(await transport(post(server.url))).toMatchObject({ status: 200, body: '{}' });
  expect(server.connections()).toBe(1);
});

test('a TLS connection to a self-signed server is refused', async () => {
  const server = await wire((socket) => socket.write(http('{}')), { tls: true });
  const failure = await failureOf(startTransport()(post(server.url)));
  expect(failure.code).toBe('unreachable');
  expect(failure.message).toContain('DEPTH_ZERO_SELF_SIGNED_CERT');
  expect(server.requests).toEqual([]);
});

test("a TLS connection to a server with another host's certificate is refused", async () => {
  const server = await wire((socket) => socket.write(http('{}')), { tls: true });
  const url = server.url.replace('localhost', '127.0.0.1');
  const failure = await failureOf(startTransport({ ca: certificate })(post(url)));
  expect(failure.code).toBe('unreachable');
  expect(server.requests).toEqual([]);
});

test('a TLS connection fails where the server speaks plain HTTP', async () => {
  const server = await wire((socket) => socket.write(http('{}')));
  const failure = await failureOf(startTransport()(post(server.url.replace('http:', 'https:'), 1_000)));
  expect(['unreachable', 'timeout']).toContain(failure.code);
});

test('a TLS connection that the server closed while idle is noticed', async () => {
  const server = await wire((socket, nth) => (nth === 1 ? socket.write(http('{}')) : socket.end()), { tls: true });
  const transport = startTransport({ ca: certificate });
  await transport(post(server.url));
  expect((await failureOf(transport(post(server.url)))).code).toBe('connection_lost');
});

const large = 256 * 1024;

describe('invalid responses', () => {
  const cases: [string, string | Buffer][] = [
    ['a redirect', http('', { location: 'http://127.0.0.1:1/' }, '302 Found')],
    ['a permanent redirect', http('', { location: 'https://localhost/' }, '308 Permanent Redirect')],
    ['an unknown encoding', http('{}', { 'content-encoding': 'zstd' })],
    ['invalid gzip', http('{}', { 'content-encoding': 'gzip' })],
    ['gzip that ends early', http(gzipSync('{"a":1}').subarray(0, -9), { 'content-encoding': 'gzip' })],
    ['gzip that inflates beyond 256 KiB', http(gzipSync('x'.repeat(10_000_000)), { 'content-encoding': 'gzip' })],
    ['one byte more than 256 KiB', http('x'.repeat(large + 1))],
    ['text that is not UTF-8', http(Buffer.from([0x22, 0xff, 0x22]))],
    ['something that is not HTTP', `${canary}\r\n\r\n`],
    ['headers of 64 KiB', http('{}', { 'x-long': canary.repeat(6_000) })],
  ];
  test.each(cases)('the transport fails with invalid_response for %s', async (_what, reply) => {
    const server = await wire((socket) => socket.write(reply));
    const failure = await failureOf(startTransport()(post(server.url, 2_000)));
    expect(failure.code).toBe('invalid_response');
    expect(printed(failure)).not.toContain(canary);
  });

  test('the transport fails with invalid_response for a body of more than 256 KiB in chunks that never end', async () => {
    const chunk = `10000\r\n${'x'.repeat(0x10000)}\r\n`;
    const server = await wire((socket) => {
      socket.write('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n');
      const more = () => !socket.destroyed && socket.write(chunk, more);
      more();
    });
    expect((await failureOf(startTransport()(post(server.url)))).code).toBe('invalid_response');
  });

  test.each([
    ['body', 'content-length: 9\r\n\r\n{}'],
    ['body, at once', 'content-length: 9\r\n\r\n'],
    ['chunked body', 'transfer-encoding: chunked\r\n\r\n2\r\n{}\r\n'],
    ['headers', 'x: y'],
  ])(
    'the transport fails with invalid_response for a connection that ends in the middle of the %s',
    async (_what, rest) => {
      for (const end of ['end', 'resetAndDestroy'] as const) {
        const server = await wire((socket) =>
          socket.write(`HTTP/1.1 200 OK\r\n${rest}`, () => setTimeout(() => socket[end](), 20)),
        );
        expect((await failureOf(startTransport()(post(server.url)))).code).toBe('invalid_response');
      }
    },
  );
});

test.each(['UTF-8', 'none', 'Identity', ''])(
  'the transport accepts plain text with the encoding %j',
  async (encoding) => {
    const server = await wire((socket) => socket.write(http('{"a":1}', { 'content-encoding': encoding })));
    expect((await startTransport()(post(server.url))).body).toBe('{"a":1}');
  },
);

test.each([
  ['gzip', gzipSync('{"a":1}')],
  ['deflate', deflateSync('{"a":1}')],
])('the transport inflates a %s body, and uses its connection again', async (encoding, body) => {
  const server = await wire((socket) => socket.write(http(body, { 'content-encoding': encoding })));
  const transport = startTransport();
  for (let i = 0; i < 2; i++) expect((await transport(post(server.url))).body).toBe('{"a":1}');
  expect(server.connections()).toBe(1);
});

test('the transport accepts a body of exactly 256 KiB and the encoding identity', async () => {
  const server = await wire((socket) => socket.write(http('x'.repeat(large), { 'content-encoding': 'identity' })));
  expect((await startTransport()(post(server.url))).body).toHaveLength(large);
});

test('a host that cannot be reached is unreachable when nobody listens', async () => {
  const failure = await failureOf(startTransport()(post('http://127.0.0.1:1')));
  expect(failure.code).toBe('unreachable');
  expect(failure.message).toBe('127.0.0.1:1 cannot be reached (ECONNREFUSED).');
});

test('a host that cannot be reached is unreachable when its name does not exist', async () => {
  const failure = await failureOf(startTransport()(post('https://exchange.invalid')));
  expect(failure.code).toBe('unreachable');
});

test.each(['end', 'destroy', 'resetAndDestroy'] as const)(
  'a host that cannot be reached is unreachable when it closes a new connection (%s)',
  async (end) => {
    const server = await wire((socket) => socket[end]());
    const failure = await failureOf(startTransport()(post(server.url)));
    expect(failure.code).toBe('unreachable');
    expect(printed(failure)).not.toContain(canary);
  },
);

test.each(['end', 'destroy', 'resetAndDestroy'] as const)(
  'a kept-alive connection that ends (%s) before any byte of a reply is connection_lost',
  async (end) => {
    const server = await wire((socket, nth) => (nth === 1 ? socket.write(http('{}')) : socket[end]()));
    const transport = startTransport();
    await transport(post(server.url));
    const failure = await failureOf(transport(post(server.url)));
    expect(failure.code).toBe('connection_lost');
    expect((await transport(post(server.url))).status).toBe(200);
  },
);

test('a kept-alive connection that dies takes the other idle ones with it, so that the repeat gets a new one', async () => {
  const idle = Promise.withResolvers<void>();
  const server = await wire((socket, nth) => {
    if (nth > 1) return socket.resetAndDestroy();
    return void idle.promise.then(() => socket.write(http('{}')));
  });
  const transport = startTransport();
  const first = Array.from({ length: 4 }, () => transport(post(server.url)));
  while (server.requests.length < 4) await new Promise(setImmediate);
  idle.resolve();
  await Promise.all(first);
  expect((await failureOf(transport(post(server.url)))).code).toBe('connection_lost');
  expect((await transport(post(server.url))).status).toBe(200);
  expect(server.connections()).toBe(5);
});

test('a kept-alive connection that delivers bytes while no request is on it is dropped before its next use', async () => {
  const unrequested = Promise.withResolvers<void>();
  const server = await wire((socket, nth) => {
    if (nth > 1) return;
    socket.write(http('{}'));
    void unrequested.promise.then(() => socket.write(http('{"surplus":true}')));
    socket.on('close', () => closed.resolve());
  });
  const closed = Promise.withResolvers<void>();
  const transport = startTransport();
  await transport(post(server.url));
  unrequested.resolve();
  await closed.promise;
  const second = transport(post(server.url, 500));
  while (server.requests.length < 2) await new Promise(setImmediate);
  expect(server.connections()).toBe(2);
  await second.catch(() => {});
});

test('a kept-alive connection whose reply was not for the request is not used again', async () => {
  const server = await wire((socket) => socket.write(http('{}')));
  const transport = startTransport();
  const { dropConnection } = await transport(post(server.url));
  dropConnection?.();
  await transport(post(server.url));
  expect(server.connections()).toBe(2);
});

test('a kept-alive connection that ends within a reply is invalid_response', async () => {
  const server = await wire((socket, nth) =>
    nth === 1 ? socket.write(http('{}')) : socket.end('HTTP/1.1 200 OK\r\n'),
  );
  const transport = startTransport();
  await transport(post(server.url));
  expect((await failureOf(transport(post(server.url)))).code).toBe('invalid_response');
});
