import { spawnSync } from 'node:child_process';
import { createServer } from 'node:net';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { failureOf } from '../thrown.ts';
import { canary, post, startTransport, wire } from './start-transport.ts';
import { type Behaviour, http } from './wire-server.ts';

test('a request to the exchange is one POST with its body, and accepts no encoding', async () => {
  const server = await wire((socket) => socket.write(http('{"a":"€"}', { 'retry-after': '3' })));
  const reply = await startTransport()(post(server.url));
  expect(reply).toMatchObject({ status: 200, body: '{"a":"€"}', retryAfterMs: 3_000 });
  const [request = ''] = server.requests;
  expect(request).toMatch(/^POST \/api\/v1\/public\/test\?q=1 HTTP\/1.1\r\n/);
  expect(request).toContain('accept-encoding: identity\r\n');
  expect(request).toContain('content-type: application/json\r\n');
  expect(request).toContain(`authorization: bearer ${canary}\r\n`);
  expect(request).toContain(`content-length: ${Buffer.byteLength(post('').body)}\r\n`);
});

test('a request to the exchange reuses the connection of the request before', async () => {
  const server = await wire((socket) => socket.write(http('{}')));
  const transport = startTransport();
  for (let i = 0; i < 3; i++) await transport(post(server.url));
  expect(server.connections()).toBe(1);
});

test('a request to the exchange returns whatever status and body come', async () => {
  const server = await wire((socket) => socket.write(http('<html>', {}, '503 Busy')));
  expect(await startTransport()(post(server.url))).toMatchObject({ status: 503, body: '<html>' });
});

test('the transport uses no more than 32 connections to all exchanges', async () => {
  const server = await wire((socket) => setTimeout(() => socket.write(http('{}')), 20));
  const transport = startTransport();
  await Promise.all(Array.from({ length: 50 }, () => transport(post(server.url))));
  expect(server.connections()).toBe(32);
});

describe('streams', () => {
  /** Keeps nothing in the body but the number of each piece. */
  const numbered = (maxBytes: number) => {
    const pieces: string[] = [];
    return { pieces, maxBytes, take: (piece: string) => `${pieces.push(piece)},` };
  };

  test("a streamed reply is passed on as it arrives, and the reader's result is the body", async () => {
    const [start, end] = [Buffer.from('€'.repeat(200_000)).subarray(0, -1), Buffer.from('€').subarray(2)];
    const { promise, resolve } = Promise.withResolvers<void>();
    const server = await wire((socket) => {
      socket.write(`HTTP/1.1 200 OK\r\ncontent-length: ${start.length + end.length}\r\n\r\n`);
      socket.write(start);
      void promise.then(() => socket.write(end));
    });
    const stream = numbered(600_000);
    const take = (piece: string) => {
      resolve();
      return stream.take(piece);
    };
    const reply = await startTransport()({ ...post(server.url), stream: { ...stream, take } });
    expect(stream.pieces.join('')).toBe('€'.repeat(200_000));
    expect(reply.body).toBe(stream.pieces.map((_piece, index) => `${index + 1},`).join(''));
  });

  test('a streamed reply has its own size limit, and a smaller one for what the reader leaves', async () => {
    const server = await wire((socket) => socket.write(http('x'.repeat(300_000))));
    const within = (maxBytes: number, take: (piece: string) => string) =>
      startTransport()({ ...post(server.url), stream: { maxBytes, take } });
    expect(await within(300_000, () => '')).toMatchObject({ status: 200, body: '' });
    expect((await failureOf(within(299_999, () => ''))).message).toMatch(/more than 299999 bytes/);
    expect((await failureOf(within(300_000, (piece) => piece))).message).toMatch(/more than 262144 bytes/);
  });

  test.each([
    ['in the middle', Buffer.from([0x22, 0xff, 0x22])],
    ['at the end', Buffer.from('"€').subarray(0, -1)],
  ])('a streamed reply ends at bytes that are not UTF-8 %s', async (_where, body) => {
    const server = await wire((socket) => socket.write(http(body)));
    const failure = await failureOf(startTransport()({ ...post(server.url), stream: numbered(1_000) }));
    expect(failure).toMatchObject({ code: 'invalid_response', message: expect.stringContaining('not UTF-8') });
  });
});

test.each([
  'http://example.com',
  'http://10.0.0.1',
  'http://127.0.0.1.example.com',
  'http://localhost.example.com',
  'ftp://localhost',
])('a plain http URL to %s is refused before anything is sent', async (url) => {
  const failure = await failureOf(startTransport()(post(url)));
  expect(failure.code).toBe('request_rejected');
  expect(failure.message).toMatch(/requires https/);
});

test('a plain http URL is accepted for any address of this machine', async () => {
  const server = await wire((socket) => socket.write(http('{}')));
  const { port } = new URL(server.url);
  for (const host of ['localhost', '127.0.0.1', '127.1']) {
    expect((await startTransport()(post(`http://${host}:${port}`))).status).toBe(200);
  }
  expect((await failureOf(startTransport()(post('http://[::1]:1')))).code).toBe('unreachable');
});

test('a plain http URL is refused when it is invalid', async () => {
  const failure = await failureOf(startTransport()({ ...post('x'), url: 'no url' }));
  expect(failure.code).toBe('request_rejected');
});

describe('deadlines', () => {
  const silent: [string, Behaviour][] = [
    ['a reply that never comes', () => {}],
    ['headers that never end', (socket) => socket.write('HTTP/1.1 200 OK\r\nx: y\r\n')],
    ['a body that never ends', (socket) => socket.write('HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n{}')],
    [
      'a body that drips',
      (socket) => {
        socket.write('HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n');
        const drip = setInterval(() => socket.write(' '), 10);
        socket.on('close', () => clearInterval(drip));
      },
    ],
  ];
  test.each(silent)('the deadline of a request ends %s, and the connection with it', async (_what, behave) => {
    const closed = Promise.withResolvers<void>();
    const server = await wire((socket, nth) => {
      socket.on('close', () => closed.resolve());
      behave(socket, nth);
    });
    const failure = await failureOf(startTransport()(post(server.url, 100)));
    expect(failure.code).toBe('timeout');
    await closed.promise;
  });

  test('the deadline of a request bounds a TLS handshake that gets nowhere', async () => {
    const mute = createServer((socket) => socket.on('error', () => {}));
    await new Promise<void>((resolve) => mute.listen(0, '127.0.0.1', resolve));
    const address = mute.address();
    const port = typeof address === 'object' ? address?.port : 0;
    expect((await failureOf(startTransport()(post(`https://localhost:${port}`, 100)))).code).toBe('timeout');
    mute.close();
  });

  test('the deadline of a request prevents sending once it has passed', async () => {
    const server = await wire((socket) => socket.write(http('{}')));
    expect((await failureOf(startTransport()(post(server.url, 0)))).code).toBe('timeout');
    expect(server.connections()).toBe(0);
  });
});

test.each([
  ['0', 0],
  ['120', 120_000],
  ['soon', undefined],
  ['-1', undefined],
  ['1.5', undefined],
  ['99999999999', 99_999_999_999_000],
  ['Thu, 01 Jan 1970 00:00:00 GMT', 0],
  ['nonsense GMT', undefined],
])('Retry-After of %j is %s ms', async (header, expected) => {
  const server = await wire((socket) => socket.write(http('', { 'retry-after': header }, '429 Slow down')));
  expect((await startTransport()(post(server.url))).retryAfterMs).toBe(expected);
});

test('Retry-After may be a date, measured by our clock', async () => {
  const at = new Date(Date.now() + 60_000).toUTCString();
  const server = await wire((socket) => socket.write(http('', { 'retry-after': at }, '503 Busy')));
  const { retryAfterMs } = await startTransport()(post(server.url));
  expect(retryAfterMs).toBeGreaterThan(55_000);
  expect(retryAfterMs).toBeLessThanOrEqual(60_000);
});

test('undici is never loaded, because it would cost the first request more than all the rest', () => {
  const moduleUrl = new URL('../../../lib/exchange/transport.ts', import.meta.url);
  const script = `
    import { createHttpTransport } from ${JSON.stringify(moduleUrl.href)};
    const transport = createHttpTransport({ clock: { now: Date.now, sleep: async () => {} } });
    for (const url of ['http://127.0.0.1:1/', 'https://127.0.0.1:1/']) {
      const request = { url, headers: {}, body: '', deadline: Date.now() + 5000 };
      await transport(request).catch((error) => console.log(error.code));
    }
    console.log(process.moduleLoadList.filter((name) => name.includes('undici')).length);`;
  const child = spawnSync(process.execPath, ['--input-type=module', '--eval', script], {
    encoding: 'utf8',
    cwd: fileURLToPath(new URL('../../..', import.meta.url)),
  });
  expect(child.stderr).toBe('');
  expect(child.stdout).toBe('unreachable\nunreachable\n0\n');
});
