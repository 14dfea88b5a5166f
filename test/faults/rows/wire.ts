import type { Socket } from 'node:net';
import { deflateSync, gzipSync } from 'node:zlib';
import type { AnswerFault, Fault } from '../../emulator/exchange/faults.ts';
import { http } from '../../lib/exchange/wire-server.ts';
import { answered, caseRow, type Expected, type FaultCase, type Row } from '../row.ts';
import { requestOrder } from '../tally.ts';
import type { WireFault } from '../wire-proxy.ts';

/** Something else happens on the socket. */
function played(name: string, fault: WireFault, code: Expected): FaultCase {
  return { name, code, apply: ({ stack }) => stack.wire.play(fault) };
}

const wire = (
  fault: string,
  cases: readonly FaultCase[],
  more: { readonly isSlow?: boolean; readonly limitMs?: number } = {},
): Row => caseRow({ group: 'wire', fault, accounts: ['wire'], cases, ...more });
const both = (
  fault: string,
  cases: readonly FaultCase[],
  more: { readonly isSlow?: boolean; readonly limitMs?: number } = {},
): Row => caseRow({ group: 'wire', fault, cases, ...more });

const head = 'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n';
/** An answer whose body is made from the genuine one. */
const rewritten =
  (change: (body: string) => string): AnswerFault =>
  (_request, { status, body }) => ({ status, body: change(body) });

/** Writes again and again until the other side is gone. */
function endlessly(socket: Socket, start: string, piece: string | Buffer): void {
  socket.write(start);
  const more = (error?: Error | null): void => {
    if (!error && !socket.destroyed) socket.write(piece, more);
  };
  more();
}

/** Writes a piece every 50 ms, and never all of them. */
function slowly(socket: Socket, text: string): void {
  let at = 0;
  const timer = setInterval(() => {
    if (socket.destroyed || at >= text.length) clearInterval(timer);
    else socket.write(text[at++] ?? '');
  }, 50);
}

const untilDeadline = { isSlow: true, limitMs: 4_000 };
const silence: readonly Row[] = [
  both('silence', [answered({ kind: 'hang' }, 'timeout')], untilDeadline),
  both('slow bytes', [answered({ kind: 'slowBody', everyMs: 100 }, 'timeout')], untilDeadline),
  wire(
    'silence and slow bytes at other stages',
    [
      played('after the headers', (socket) => socket.write(`${head}content-length: 9\r\n\r\n`), 'timeout'),
      played('in the headers', (socket) => slowly(socket, `${head}x-long: ${'x'.repeat(9_999)}`), 'timeout'),
      played('in chunks', (socket) => slowly(socket, `${head}transfer-encoding: chunked\r\n\r\nfff\r\n`), 'timeout'),
      played('before the last byte', (socket, body) => socket.write(http(body).subarray(0, -1)), 'timeout'),
      played('after 100 Continue', (socket) => socket.write('HTTP/1.1 100 Continue\r\n\r\n'), 'timeout'),
    ],
    untilDeadline,
  ),
];

const chunk = `10000\r\n${'x'.repeat(0x10000)}\r\n`;
const size: readonly Row[] = [
  both('more than 256 KiB of correct JSON', [answered({ kind: 'oversized', bytes: 300_000 }, 'invalid_response')]),
  wire('a body or headers without end', [
    played(
      'chunks',
      (socket) => endlessly(socket, `${head}transfer-encoding: chunked\r\n\r\n`, chunk),
      'invalid_response',
    ),
    played('no length', (socket) => endlessly(socket, `${head}\r\n`, 'x'.repeat(0x10000)), 'invalid_response'),
    played(
      'length',
      (socket) => endlessly(socket, `${head}content-length: 99999999999\r\n\r\n`, chunk),
      'invalid_response',
    ),
    played('a header', (socket) => endlessly(socket, `${head}x-long: `, 'x'.repeat(0x4000)), 'invalid_response'),
    played('headers', (socket) => endlessly(socket, head, 'x: y\r\n'.repeat(999)), 'invalid_response'),
  ]),
  both('gzip bombs', [
    answered({ kind: 'gzip', bytes: 1_000_000 }, 'invalid_response'),
    answered({ kind: 'gzip', bytes: 20_000_000 }, 'invalid_response'),
  ]),
  wire('a deflate bomb', [
    played(
      'deflate',
      (socket) => socket.write(http(deflateSync(Buffer.alloc(20_000_000)), { 'content-encoding': 'deflate' })),
      'invalid_response',
    ),
  ]),
];

const ends = ['end', 'destroy', 'resetAndDestroy'] as const;
/** Closes the connection, in each way, once so much was written. */
const cut = (name: string, part: (body: Buffer) => string | Buffer, code: Expected) =>
  ends.map((end) =>
    played(
      `${name}, ${end}`,
      (socket, body) => {
        // A reset may overtake what is still under way.
        socket.write(part(body), () => setTimeout(() => socket[end](), 10));
      },
      code,
    ),
  );

const resets: readonly Row[] = [
  both('connections closed before any byte', [
    answered({ kind: 'drop' }, 'unreachable'),
    answered({ kind: 'drop', reset: true }, 'unreachable'),
  ]),
  wire('resets at each stage', [
    ...cut('in the status line', () => 'HTTP/1.1 20', 'invalid_response'),
    ...cut('in the headers', () => `${head}content-le`, 'invalid_response'),
    ...cut('after the headers', () => `${head}content-length: 99\r\n\r\n`, 'invalid_response'),
    ...cut('in the body', (body) => http(body).subarray(0, -40), 'invalid_response'),
    ...cut('before the last byte', (body) => http(body).subarray(0, -1), 'invalid_response'),
    ...cut(
      'before the last chunk',
      (body) => `${head}transfer-encoding: chunked\r\n\r\n${body.length.toString(16)}\r\n${body}\r\n`,
      'invalid_response',
    ),
    ...cut('after the last byte', (body) => http(body), 'ok'),
  ]),
];

/** Every length shorter than the answer's, counted from its end. */
const truncated = (framing: 'length' | 'chunked' | 'short', step: number): Row =>
  caseRow({
    group: 'wire',
    fault: `truncation at every ${step === 1 ? 'byte' : `${step}th byte`} (${framing})`,
    cases: async ({ stack, account, exchange, orderId }) => {
      let length = 0;
      exchange.script(orderId, (_request, genuine) => {
        length = genuine.body.length;
        return genuine;
      });
      await requestOrder(stack, account, orderId);
      exchange.partialFill(orderId, '4');
      return Array.from({ length: Math.floor(length / step) }, (_, i) =>
        answered({ kind: 'truncate', at: -1 - i * step, framing }, 'invalid_response'),
      );
    },
  });

const page = '<!doctype html><h1>Maintenance</h1>';
const pages: readonly Row[] = [
  both('HTML, of any status', [
    ...[200, 400, 401, 403, 404].map((status) => answered({ kind: 'html', status }, 'invalid_response')),
    ...[500, 502, 503, 504].map((status) => answered({ kind: 'html', status }, 'busy')),
  ]),
  caseRow({
    group: 'wire',
    fault: 'HTTP 429, whatever its body says',
    isThrottled: true,
    cases: [
      answered({ kind: 'html', status: 429 }, 'throttled'),
      answered({ kind: 'error', code: -32_000, httpStatus: 429 }, 'throttled'),
      answered({ kind: 'error', code: 10_004, httpStatus: 429 }, 'throttled'),
    ],
  }),
  caseRow({
    group: 'wire',
    fault: 'HTTP 429 that requires us to wait for years',
    isFresh: true,
    cases: [
      answered({ kind: 'status', status: 429, retryAfter: 999_999_999 }, 'throttled'),
      answered({ kind: 'status', status: 429, retryAfter: 'Fri, 31 Dec 2100 23:59:59 GMT' }, 'throttled'),
    ],
  }),
  both('an empty answer', [
    ...[200, 204, 400, 401].map((status) => answered({ kind: 'empty', status }, 'invalid_response')),
    answered({ kind: 'empty', status: 503 }, 'busy'),
  ]),
  both('redirects', [
    ...[300, 301, 302, 303, 307, 308].map((status) =>
      answered({ kind: 'redirect', location: 'http://127.0.0.1:1/', status }, 'invalid_response'),
    ),
    answered({ kind: 'redirect', location: '/api/v2/private/get_order_state' }, 'invalid_response'),
    answered({ kind: 'status', status: 304 }, 'invalid_response'),
  ]),
  wire('what is no HTTP', [
    played('text', (socket) => socket.write(`${page}\r\n\r\n`), 'invalid_response'),
    played('bytes', (socket) => socket.write(Buffer.from([0x16, 3, 1, 2, 0, 1, 0, 1])), 'invalid_response'),
    played(
      'two lengths',
      (socket) => socket.write(`${head}content-length: 2\r\ncontent-length: 3\r\n\r\n{}}`),
      'invalid_response',
    ),
    played('a negative length', (socket) => socket.write(`${head}content-length: -1\r\n\r\n{}`), 'invalid_response'),
    played(
      'a bad chunk',
      (socket) => socket.write(`${head}transfer-encoding: chunked\r\n\r\nzz\r\n{}`),
      'invalid_response',
    ),
    played('no colon', (socket) => socket.write('HTTP/1.1 200 OK\r\nnonsense\r\n\r\n{}'), 'invalid_response'),
  ]),
];

const missing = ['noId', 'nullId', 'noJsonrpc', 'neither', 'bothResultAndError'] as const;
/** The reply has this text in place of its id, `ID` being the right one. */
const withId = (text: string) =>
  rewritten((body) => body.replace(/"id":(\d+)/, (_, id) => `"id":${text.replace('ID', id)}`));
const jsonRpc: readonly Row[] = [
  both('wrong and missing ids', [
    ...['987654321', '"ID "', '[ID]', '{"id":ID}', '-ID', 'ID.5', 'true', '1e999', `"${'9'.repeat(999)}"`].map((id) =>
      answered(withId(id), 'invalid_response', `id ${id.slice(0, 20)}`),
    ),
    answered(withId('"ID"'), 'ok', 'id as a string'),
    answered({ kind: 'noId' }, 'invalid_response'),
    answered({ kind: 'nullId' }, 'invalid_response'),
  ]),
  both(
    'both result and error, neither, no version',
    missing.map((kind) => answered({ kind }, 'invalid_response')),
  ),
  both('another order', [
    answered({ kind: 'otherOrder' }, 'invalid_response'),
    answered({ kind: 'otherOrder', orderId: '1' }, 'invalid_response'),
    answered({ kind: 'result', text: '[]' }, 'invalid_response'),
    answered({ kind: 'result', text: '"filled"' }, 'invalid_response'),
    answered({ kind: 'result', text: '{}' }, 'invalid_response'),
  ]),
  both('an unsolicited second response', [
    answered({ kind: 'surplus', code: 10_004 }, 'invalid_response'),
    answered({ kind: 'surplus', code: 10_029 }, 'invalid_response'),
    answered({ kind: 'surplus', code: 11_029 }, 'invalid_response'),
  ]),
];

/** The result has these members in front of its own. */
const inResult = (members: string) => rewritten((body) => body.replace('"result":{', `"result":{${members},`));
const inReply = (members: string) => rewritten((body) => body.replace('{', `{${members},`));
const json: readonly Row[] = [
  both('duplicate keys', [
    answered({ kind: 'duplicateKeys' }, 'invalid_response'),
    answered({ kind: 'duplicateKeys', name: 'last_update_timestamp', value: '1' }, 'invalid_response'),
    answered(inReply('"result":{}'), 'invalid_response', 'two results'),
    answered(inReply('"id":1'), 'invalid_response', 'two ids'),
    answered(inReply('"error":null,"error":{"code":10004}'), 'invalid_response', 'two errors'),
    answered(inResult('"order_\\u0073tate":"filled"'), 'invalid_response', 'an escaped key'),
  ]),
  both('depth', [
    ...[33, 1_000, 100_000].map((levels) => answered({ kind: 'deep', levels }, 'invalid_response')),
    answered({ kind: 'deep', levels: 29 }, 'ok'),
  ]),
  both('keys of prototypes', [
    ...['__proto__', 'constructor', 'prototype', 'toString', 'hasOwnProperty'].flatMap((name) => [
      answered(inResult(`"${name}":{"order_state":"filled"}`), 'ok', `${name} in the result`),
      answered(inReply(`"${name}":{"result":{}}`), 'ok', `${name} in the reply`),
    ]),
  ]),
  both('big numbers', [
    ...['1e400', '-1e-400', '9'.repeat(400), '0.'.padEnd(400, '1'), '1E+999999'].map((number) =>
      answered(inResult(`"note":${number}`), 'ok', `${number.slice(0, 12)} in a field`),
    ),
    ...['9'.repeat(400), '1e400', '99999999999999999999', '-1', '0.5'].map((number) =>
      answered(
        rewritten((body) => body.replace(/("last_update_timestamp":)\d+/, `$1${number}`)),
        'invalid_response',
        `${number.slice(0, 12)} as the time`,
      ),
    ),
  ]),
  both('what is no JSON', [
    ...['', ' ', 'null', '[]', '0', '"x"', '{', '{"jsonrpc":"2.0"', "{'a':1}", '{"a":NaN}', '{"a":01}', '{}{}'].map(
      (body) => answered({ kind: 'raw', body }, 'invalid_response'),
    ),
    answered(
      rewritten((body) => `${body}{}`),
      'invalid_response',
      'two replies in one body',
    ),
    answered(
      rewritten((body) => `[${body}]`),
      'invalid_response',
      'a batch',
    ),
    answered(
      rewritten((body) => `)]}',\n${body}`),
      'invalid_response',
      'a prefix against hijacking',
    ),
  ]),
];

/** The genuine body in another encoding. */
const encoded = (name: string, encode: (body: string) => Buffer, encoding: string, code: Expected) => {
  const fault: AnswerFault = (_request, { body }) => ({
    body: encode(body),
    headers: encoding === '' ? {} : { 'content-encoding': encoding },
  });
  return answered(fault, code, name);
};
const encodings: readonly Row[] = [
  both('encodings', [
    answered({ kind: 'invalidUtf8' }, 'invalid_response'),
    encoded('UTF-16', (body) => Buffer.from(body, 'utf16le'), '', 'invalid_response'),
    encoded('a byte-order mark', (body) => Buffer.from(`\uFEFF${body}`), '', 'ok'),
    encoded('gzip, not requested', (body) => gzipSync(body), 'gzip', 'ok'),
    encoded('deflate, not requested', (body) => deflateSync(body), 'deflate', 'ok'),
    encoded('gzip that is none', (body) => Buffer.from(body), 'gzip', 'invalid_response'),
    encoded('gzip that ends early', (body) => gzipSync(body).subarray(0, -9), 'gzip', 'invalid_response'),
    encoded('gzip without saying so', (body) => gzipSync(body), '', 'invalid_response'),
    encoded('br', (body) => Buffer.from(body), 'br', 'invalid_response'),
    encoded('zstd', (body) => Buffer.from(body), 'zstd', 'invalid_response'),
    ...['none', 'Identity', 'UTF-8'].map((name) => encoded(name, (body) => Buffer.from(body), name, 'ok')),
  ]),
];

const refused: FaultCase = { code: 'unreachable', apply: () => {} };
const tls: readonly Row[] = [
  ...[
    ['expired', 'tls-expired'],
    ['for another name', 'tls-other-name'],
    ['self-signed and not trusted', 'tls-untrusted'],
  ].map(([what, account = '']) =>
    caseRow({
      group: 'wire',
      fault: `TLS: a certificate ${what}`,
      accounts: [account],
      isUnreadable: true,
      cases: [refused],
    }),
  ),
  caseRow({
    group: 'wire',
    fault: 'TLS: a handshake without an answer',
    accounts: ['tls-missing'],
    isUnreadable: true,
    limitMs: untilDeadline.limitMs,
    // A cold start is not what the row measures.
    before: ({ stack, orderId }) => requestOrder(stack, 'deribit', orderId),
    cases: [{ code: 'timeout', apply: () => {} }],
  }),
  caseRow({
    group: 'wire',
    fault: 'TLS: a valid certificate',
    accounts: ['tls'],
    cases: [{ code: 'ok', apply: () => {} }],
  }),
];

/** The token, not the order, is answered wrongly; there is none before. */
const granted = (fault: Fault, code: Expected): FaultCase => ({
  name: JSON.stringify(fault),
  code,
  apply: ({ exchange }) => exchange.scriptAlways('auth', fault),
});
const tokens: readonly Row[] = [
  caseRow({
    group: 'wire',
    fault: 'any of these in the answer with the token',
    accounts: ['orangex'],
    before: async ({ stack, account, exchange, orderId }) => {
      exchange.revokeTokens();
      exchange.scriptAlways('auth', { kind: 'empty' });
      await requestOrder(stack, account, orderId);
    },
    cases: [
      { ...granted({ kind: 'drop' }, 'unreachable'), or: 'connection_lost' },
      granted({ kind: 'truncate' }, 'invalid_response'),
      granted({ kind: 'truncate', framing: 'short' }, 'invalid_response'),
      granted({ kind: 'html' }, 'busy'),
      granted({ kind: 'oversized', bytes: 300_000 }, 'invalid_response'),
      granted({ kind: 'wrongId' }, 'invalid_response'),
      granted({ kind: 'redirect', location: 'http://127.0.0.1:1/' }, 'invalid_response'),
      granted({ kind: 'result', text: '{"access_token":"two words"}' }, 'invalid_response'),
      granted({ kind: 'duplicateKeys', name: 'access_token', value: '"x"' }, 'invalid_response'),
      granted({ kind: 'error', code: 10_004 }, 'exchange_error'),
    ],
  }),
];

export const wireRows: readonly Row[] = [
  ...silence,
  ...size,
  ...resets,
  truncated('length', 1),
  truncated('chunked', 8),
  truncated('short', 8),
  ...pages,
  ...jsonRpc,
  ...json,
  ...encodings,
  ...tls,
  ...tokens,
];
