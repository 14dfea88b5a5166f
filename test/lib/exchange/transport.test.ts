import { spawnSync } from 'node:child_process';
import { createServer } from 'node:net';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { afterEach, describe, expect, test } from 'vitest';
import { systemClock } from '../../../lib/clock.ts';
import { createHttpTransport, type HttpTransport } from '../../../lib/exchange/transport.ts';
import { failureOf, printed } from '../thrown.ts';
import { certificate } from './certificate.ts';
import { type Behaviour, http, startWire, type WireServer } from './wire-server.ts';

const open: { close: () => unknown }[] = [];
afterEach(async () => {
  for (const { close } of open.splice(0)) await close();
});

function transportTo(options: { ca?: string } = {}): HttpTransport {
  const transport = createHttpTransport({ clock: systemClock, ...options });
  open.push(transport);
  return transport;
}

async function wire(behave: Behaviour, options: { tls?: boolean } = {}): Promise<WireServer> {
  const server = await startWire(behave, options);
  open.push({ close: server.stop });
  return server;
}

const canary = 'canary-b81e';
const post = (url: string, patience = 5_000) => ({
  url: `${url}/api/v1/public/test?q=1`,
  headers: { authorization: `bearer ${canary}` },
  body: `{"secret":"${canary}","euro":"€"}`,
  deadline: Date.now() + patience,
});

describe('a request', () => {
  test('is one POST with its body, asking for no encoding', async () => {
    const server = await wire((socket) => socket.write(http('{"a":"€"}', { 'retry-after': '3' })));
    const reply = await transportTo()(post(server.url));
    expect(reply).toEqual({ status: 200, body: '{"a":"€"}', retryAfterMs: 3_000 });
    const [request = ''] = server.requests;
    expect(request).toMatch(/^POST \/api\/v1\/public\/test\?q=1 HTTP\/1.1\r\n/);
    expect(request).toContain('accept-encoding: identity\r\n');
    expect(request).toContain('content-type: application/json\r\n');
    expect(request).toContain(`authorization: bearer ${canary}\r\n`);
    expect(request).toContain(`content-length: ${Buffer.byteLength(post('').body)}\r\n`);
  });

  test('reuses the connection of the one before', async () => {
    const server = await wire((socket) => socket.write(http('{}')));
    const transport = transportTo();
    for (let i = 0; i < 3; i++) await transport(post(server.url));
    expect(server.connections()).toBe(1);
  });

  test('keeps whatever status and body come', async () => {
    const server = await wire((socket) => socket.write(http('<html>', {}, '503 Busy')));
    expect(await transportTo()(post(server.url))).toEqual({ status: 503, body: '<html>' });
  });

  test('takes no more than eight connections', async () => {
    const server = await wire((socket) => setTimeout(() => socket.write(http('{}')), 20));
    const transport = transportTo();
    await Promise.all(Array.from({ length: 20 }, () => transport(post(server.url))));
    expect(server.connections()).toBe(8);
  });
});

describe('TLS', () => {
  test('carries a request to a server whose certificate is trusted', async () => {
    const server = await wire((socket) => socket.write(http('{}')), { tls: true });
    const transport = transportTo({ ca: certificate });
    for (let i = 0; i < 2; i++) expect(await transport(post(server.url))).toEqual({ status: 200, body: '{}' });
    expect(server.connections()).toBe(1);
  });

  test('refuses a self-signed server', async () => {
    const server = await wire((socket) => socket.write(http('{}')), { tls: true });
    const failure = await failureOf(transportTo()(post(server.url)));
    expect(failure.code).toBe('unreachable');
    expect(failure.message).toContain('DEPTH_ZERO_SELF_SIGNED_CERT');
    expect(server.requests).toEqual([]);
  });

  test("refuses another host's certificate", async () => {
    const server = await wire((socket) => socket.write(http('{}')), { tls: true });
    const url = server.url.replace('localhost', '127.0.0.1');
    const failure = await failureOf(transportTo({ ca: certificate })(post(url)));
    expect(failure.code).toBe('unreachable');
    expect(server.requests).toEqual([]);
  });

  test('is missed where the server speaks plain HTTP', async () => {
    const server = await wire((socket) => socket.write(http('{}')));
    const failure = await failureOf(transportTo()(post(server.url.replace('http:', 'https:'), 1_000)));
    expect(['unreachable', 'timeout']).toContain(failure.code);
  });

  test('notices a kept-alive connection that the server closed meanwhile', async () => {
    const server = await wire((socket, nth) => (nth === 1 ? socket.write(http('{}')) : socket.end()), { tls: true });
    const transport = transportTo({ ca: certificate });
    await transport(post(server.url));
    expect((await failureOf(transport(post(server.url)))).code).toBe('connection_lost');
  });
});

describe('plain http', () => {
  test.each([
    'http://example.com',
    'http://10.0.0.1',
    'http://127.0.0.1.example.com',
    'http://localhost.example.com',
    'ftp://localhost',
  ])('to %s is refused before anything is sent', async (url) => {
    const failure = await failureOf(transportTo()(post(url)));
    expect(failure.code).toBe('call_rejected');
    expect(failure.message).toMatch(/needs https/);
  });

  test('is taken to any address of this machine', async () => {
    const server = await wire((socket) => socket.write(http('{}')));
    const { port } = new URL(server.url);
    for (const host of ['localhost', '127.0.0.1', '127.1']) {
      expect((await transportTo()(post(`http://${host}:${port}`))).status).toBe(200);
    }
    expect((await failureOf(transportTo()(post('http://[::1]:1')))).code).toBe('unreachable');
  });

  test('needs a url at all', async () => {
    const failure = await failureOf(transportTo()({ ...post('x'), url: 'no url' }));
    expect(failure.code).toBe('call_rejected');
  });
});

describe('the deadline', () => {
  const silent: [string, Behaviour][] = [
    ['an answer that never comes', () => {}],
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
  test.each(silent)('ends %s, and the connection with it', async (_what, behave) => {
    const closed = Promise.withResolvers<void>();
    const server = await wire((socket, nth) => {
      socket.on('close', () => closed.resolve());
      behave(socket, nth);
    });
    const startedAt = performance.now();
    const failure = await failureOf(transportTo()(post(server.url, 100)));
    expect(failure.code).toBe('timeout');
    expect(performance.now() - startedAt).toBeLessThan(2_000);
    await closed.promise;
  });

  test('bounds a TLS handshake that gets nowhere', async () => {
    const mute = createServer((socket) => socket.on('error', () => {}));
    await new Promise<void>((resolve) => mute.listen(0, '127.0.0.1', resolve));
    open.push({ close: () => mute.close() });
    const address = mute.address();
    const port = typeof address === 'object' ? address?.port : 0;
    expect((await failureOf(transportTo()(post(`https://localhost:${port}`, 100)))).code).toBe('timeout');
  });

  test('that has passed sends nothing', async () => {
    const server = await wire((socket) => socket.write(http('{}')));
    expect((await failureOf(transportTo()(post(server.url, 0)))).code).toBe('timeout');
    expect(server.connections()).toBe(0);
  });
});

describe('an answer that cannot be one is protocol', () => {
  const large = 256 * 1024;
  const cases: [string, string | Buffer][] = [
    ['a redirect', http('', { location: 'http://127.0.0.1:1/' }, '302 Found')],
    ['a permanent redirect', http('', { location: 'https://localhost/' }, '308 Permanent Redirect')],
    ['gzip that nobody asked for', http(gzipSync('{}'), { 'content-encoding': 'gzip' })],
    ['one byte more than 256 KiB', http('x'.repeat(large + 1))],
    ['text that is not UTF-8', http(Buffer.from([0x22, 0xff, 0x22]))],
    ['something that is not HTTP', `${canary}\r\n\r\n`],
    ['headers of 64 KiB', http('{}', { 'x-long': canary.repeat(6_000) })],
  ];
  test.each(cases)('%s', async (_what, answer) => {
    const server = await wire((socket) => socket.write(answer));
    const failure = await failureOf(transportTo()(post(server.url, 2_000)));
    expect(failure.code).toBe('protocol');
    expect(printed(failure)).not.toContain(canary);
  });

  test('more than 256 KiB in chunks that never end', async () => {
    const chunk = `10000\r\n${'x'.repeat(0x10000)}\r\n`;
    const server = await wire((socket) => {
      socket.write('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n');
      const more = () => !socket.destroyed && socket.write(chunk, more);
      more();
    });
    expect((await failureOf(transportTo()(post(server.url)))).code).toBe('protocol');
  });

  test.each([
    ['body', 'content-length: 9\r\n\r\n{}'],
    ['body, at once', 'content-length: 9\r\n\r\n'],
    ['chunked body', 'transfer-encoding: chunked\r\n\r\n2\r\n{}\r\n'],
    ['headers', 'x: y'],
  ])('a connection that ends in the middle of the %s', async (_what, rest) => {
    for (const end of ['end', 'resetAndDestroy'] as const) {
      const server = await wire((socket) =>
        socket.write(`HTTP/1.1 200 OK\r\n${rest}`, () => setTimeout(() => socket[end](), 20)),
      );
      expect((await failureOf(transportTo()(post(server.url)))).code).toBe('protocol');
    }
  });

  test('but not exactly 256 KiB, nor an encoding of identity', async () => {
    const server = await wire((socket) => socket.write(http('x'.repeat(large), { 'content-encoding': 'identity' })));
    expect((await transportTo()(post(server.url))).body).toHaveLength(large);
  });
});

describe('a host that cannot be reached', () => {
  test('is unreachable: nobody listens', async () => {
    const failure = await failureOf(transportTo()(post('http://127.0.0.1:1')));
    expect(failure.code).toBe('unreachable');
    expect(failure.message).toBe('127.0.0.1:1 cannot be reached (ECONNREFUSED).');
  });

  test('is unreachable: no such name', async () => {
    const failure = await failureOf(transportTo()(post('https://exchange.invalid')));
    expect(failure.code).toBe('unreachable');
  });

  test.each(['end', 'destroy', 'resetAndDestroy'] as const)(
    'is unreachable: it hangs up on a new connection (%s)',
    async (end) => {
      const server = await wire((socket) => socket[end]());
      const failure = await failureOf(transportTo()(post(server.url)));
      expect(failure.code).toBe('unreachable');
      expect(printed(failure)).not.toContain(canary);
    },
  );
});

describe('a kept-alive connection', () => {
  test.each(['end', 'destroy', 'resetAndDestroy'] as const)(
    'that ends (%s) before any byte of an answer is connection_lost',
    async (end) => {
      const server = await wire((socket, nth) => (nth === 1 ? socket.write(http('{}')) : socket[end]()));
      const transport = transportTo();
      await transport(post(server.url));
      const failure = await failureOf(transport(post(server.url)));
      expect(failure.code).toBe('connection_lost');
      expect((await transport(post(server.url))).status).toBe(200);
    },
  );

  test('that dies takes the other idle ones with it, so that the repeat gets a new one', async () => {
    const idle = Promise.withResolvers<void>();
    const server = await wire((socket, nth) => {
      if (nth > 1) return socket.resetAndDestroy();
      return void idle.promise.then(() => socket.write(http('{}')));
    });
    const transport = transportTo();
    const first = Array.from({ length: 4 }, () => transport(post(server.url)));
    while (server.requests.length < 4) await new Promise(setImmediate);
    idle.resolve();
    await Promise.all(first);
    expect((await failureOf(transport(post(server.url)))).code).toBe('connection_lost');
    expect((await transport(post(server.url))).status).toBe(200);
    expect(server.connections()).toBe(5);
  });

  test('that ends within an answer is protocol', async () => {
    const server = await wire((socket, nth) =>
      nth === 1 ? socket.write(http('{}')) : socket.end('HTTP/1.1 200 OK\r\n'),
    );
    const transport = transportTo();
    await transport(post(server.url));
    expect((await failureOf(transport(post(server.url)))).code).toBe('protocol');
  });
});

describe('Retry-After', () => {
  test.each([
    ['0', 0],
    ['120', 120_000],
    ['soon', undefined],
    ['-1', undefined],
    ['1.5', undefined],
    ['99999999999', undefined],
    ['Thu, 01 Jan 1970 00:00:00 GMT', 0],
    ['nonsense GMT', undefined],
  ])('of %j is %s ms', async (header, expected) => {
    const server = await wire((socket) => socket.write(http('', { 'retry-after': header }, '429 Slow down')));
    expect((await transportTo()(post(server.url))).retryAfterMs).toBe(expected);
  });

  test('may be a date, counted from our clock', async () => {
    const at = new Date(Date.now() + 60_000).toUTCString();
    const server = await wire((socket) => socket.write(http('', { 'retry-after': at }, '503 Busy')));
    const { retryAfterMs } = await transportTo()(post(server.url));
    expect(retryAfterMs).toBeGreaterThan(55_000);
    expect(retryAfterMs).toBeLessThanOrEqual(60_000);
  });
});

test('undici is never loaded: it would cost the first request more than all the rest', () => {
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
