import type { Socket } from 'node:net';
import { deflateSync } from 'node:zlib';
import type { Fault } from '../../emulator/exchange/faults.ts';
import { http } from '../../lib/exchange/wire-server.ts';
import { caseRow, type Expected, type FaultCase, type Row, reply } from '../row.ts';
import { requestOrder } from '../tally.ts';
import { both, head, played, wire } from './wire-cases.ts';
import { wireContentRows } from './wire-content.ts';

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
  both('silence', [reply({ kind: 'hang' }, 'timeout')], untilDeadline),
  both('slow bytes', [reply({ kind: 'slowBody', everyMs: 100 }, 'timeout')], untilDeadline),
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
  both('more than 256 KiB of correct JSON', [reply({ kind: 'oversized', bytes: 300_000 }, 'invalid_response')]),
  wire('an endless body or endless headers', [
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
    reply({ kind: 'gzip', bytes: 1_000_000 }, 'invalid_response'),
    reply({ kind: 'gzip', bytes: 20_000_000 }, 'invalid_response'),
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
    reply({ kind: 'drop' }, 'unreachable'),
    reply({ kind: 'drop', reset: true }, 'unreachable'),
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

/** Every length shorter than the reply's, counted from its end. */
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
        reply({ kind: 'truncate', at: -1 - i * step, framing }, 'invalid_response'),
      );
    },
  });

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
    fault: 'TLS: a handshake without a reply',
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

/** The token, not the order, has a wrong reply; there is none before. */
const granted = (fault: Fault, code: Expected): FaultCase => ({
  name: JSON.stringify(fault),
  code,
  apply: ({ exchange }) => exchange.scriptAlways('auth', fault),
});

const tokens: readonly Row[] = [
  caseRow({
    group: 'wire',
    fault: 'any of these in the reply with the token',
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
  ...wireContentRows,
  ...tls,
  ...tokens,
];
