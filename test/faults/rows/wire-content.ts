import { deflateSync, gzipSync } from 'node:zlib';
import type { CustomFault } from '../../emulator/exchange/faults.ts';
import { caseRow, type Expected, type Row, reply } from '../row.ts';
import { both, head, played, wire } from './wire-cases.ts';

/** A reply whose body is made from the genuine one. */
const rewritten =
  (change: (body: string) => string): CustomFault =>
  (_request, { status, body }) => ({ status, body: change(body) });

const page = '<!doctype html><h1>Maintenance</h1>';

const pages: readonly Row[] = [
  both('HTML, of any status', [
    ...[200, 400, 401, 403, 404].map((status) => reply({ kind: 'html', status }, 'invalid_response')),
    ...[500, 502, 503, 504].map((status) => reply({ kind: 'html', status }, 'busy')),
  ]),
  caseRow({
    group: 'wire',
    fault: 'HTTP 429, whatever its body says',
    isThrottled: true,
    cases: [
      reply({ kind: 'html', status: 429 }, 'throttled'),
      reply({ kind: 'error', code: -32_000, httpStatus: 429 }, 'throttled'),
      reply({ kind: 'error', code: 10_004, httpStatus: 429 }, 'throttled'),
    ],
  }),
  caseRow({
    group: 'wire',
    fault: 'HTTP 429 that requires us to wait for years',
    isFresh: true,
    cases: [
      reply({ kind: 'status', status: 429, retryAfter: 999_999_999 }, 'throttled'),
      reply({ kind: 'status', status: 429, retryAfter: 'Fri, 31 Dec 2100 23:59:59 GMT' }, 'throttled'),
    ],
  }),
  both('an empty reply', [
    ...[200, 204, 400, 401].map((status) => reply({ kind: 'empty', status }, 'invalid_response')),
    reply({ kind: 'empty', status: 503 }, 'busy'),
  ]),
  both('redirects', [
    ...[300, 301, 302, 303, 307, 308].map((status) =>
      reply({ kind: 'redirect', location: 'http://127.0.0.1:1/', status }, 'invalid_response'),
    ),
    reply({ kind: 'redirect', location: '/api/v2/private/get_order_state' }, 'invalid_response'),
    reply({ kind: 'status', status: 304 }, 'invalid_response'),
  ]),
  wire('bytes that are not HTTP', [
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
      reply(withId(id), 'invalid_response', `id ${id.slice(0, 20)}`),
    ),
    reply(withId('"ID"'), 'ok', 'id as a string'),
    reply({ kind: 'noId' }, 'invalid_response'),
    reply({ kind: 'nullId' }, 'invalid_response'),
  ]),
  both(
    'both result and error, neither, no version',
    missing.map((kind) => reply({ kind }, 'invalid_response')),
  ),
  both('another order', [
    reply({ kind: 'otherOrder' }, 'invalid_response'),
    reply({ kind: 'otherOrder', orderId: '1' }, 'invalid_response'),
    reply({ kind: 'result', text: '[]' }, 'invalid_response'),
    reply({ kind: 'result', text: '"filled"' }, 'invalid_response'),
    reply({ kind: 'result', text: '{}' }, 'invalid_response'),
  ]),
  both('an unsolicited second response', [
    reply({ kind: 'surplus', code: 10_004 }, 'invalid_response'),
    reply({ kind: 'surplus', code: 10_029 }, 'invalid_response'),
    reply({ kind: 'surplus', code: 11_029 }, 'invalid_response'),
  ]),
];

/** The result has these members in front of its own. */
const inResult = (members: string) => rewritten((body) => body.replace('"result":{', `"result":{${members},`));

const inReply = (members: string) => rewritten((body) => body.replace('{', `{${members},`));

const json: readonly Row[] = [
  both('duplicate keys', [
    reply({ kind: 'duplicateKeys' }, 'invalid_response'),
    reply({ kind: 'duplicateKeys', name: 'last_update_timestamp', value: '1' }, 'invalid_response'),
    reply(inReply('"result":{}'), 'invalid_response', 'two results'),
    reply(inReply('"id":1'), 'invalid_response', 'two ids'),
    reply(inReply('"error":null,"error":{"code":10004}'), 'invalid_response', 'two errors'),
    reply(inResult('"order_\\u0073tate":"filled"'), 'invalid_response', 'an escaped key'),
  ]),
  both('depth', [
    ...[33, 1_000, 100_000].map((levels) => reply({ kind: 'deep', levels }, 'invalid_response')),
    reply({ kind: 'deep', levels: 29 }, 'ok'),
  ]),
  both('keys of prototypes', [
    ...['__proto__', 'constructor', 'prototype', 'toString', 'hasOwnProperty'].flatMap((name) => [
      reply(inResult(`"${name}":{"order_state":"filled"}`), 'ok', `${name} in the result`),
      reply(inReply(`"${name}":{"result":{}}`), 'ok', `${name} in the reply`),
    ]),
  ]),
  both('big numbers', [
    ...['1e400', '-1e-400', '9'.repeat(400), '0.'.padEnd(400, '1'), '1E+999999'].map((number) =>
      reply(inResult(`"note":${number}`), 'ok', `${number.slice(0, 12)} in a field`),
    ),
    ...['9'.repeat(400), '1e400', '99999999999999999999', '-1', '0.5'].map((number) =>
      reply(
        rewritten((body) => body.replace(/("last_update_timestamp":)\d+/, `$1${number}`)),
        'invalid_response',
        `${number.slice(0, 12)} as the time`,
      ),
    ),
  ]),
  both('invalid JSON', [
    ...['', ' ', 'null', '[]', '0', '"x"', '{', '{"jsonrpc":"2.0"', "{'a':1}", '{"a":NaN}', '{"a":01}', '{}{}'].map(
      (body) => reply({ kind: 'raw', body }, 'invalid_response'),
    ),
    reply(
      rewritten((body) => `${body}{}`),
      'invalid_response',
      'two replies in one body',
    ),
    reply(
      rewritten((body) => `[${body}]`),
      'invalid_response',
      'a batch',
    ),
    reply(
      rewritten((body) => `)]}',\n${body}`),
      'invalid_response',
      'a prefix against hijacking',
    ),
  ]),
];

/** The genuine body in another encoding. */
const encoded = (name: string, encode: (body: string) => Buffer, encoding: string, code: Expected) => {
  const fault: CustomFault = (_request, { body }) => ({
    body: encode(body),
    headers: encoding === '' ? {} : { 'content-encoding': encoding },
  });
  return reply(fault, code, name);
};

const encodings: readonly Row[] = [
  both('encodings', [
    reply({ kind: 'invalidUtf8' }, 'invalid_response'),
    encoded('UTF-16', (body) => Buffer.from(body, 'utf16le'), '', 'invalid_response'),
    encoded('a byte-order mark', (body) => Buffer.from(`\uFEFF${body}`), '', 'ok'),
    encoded('gzip, not requested', (body) => gzipSync(body), 'gzip', 'ok'),
    encoded('deflate, not requested', (body) => deflateSync(body), 'deflate', 'ok'),
    encoded('invalid gzip', (body) => Buffer.from(body), 'gzip', 'invalid_response'),
    encoded('gzip that ends early', (body) => gzipSync(body).subarray(0, -9), 'gzip', 'invalid_response'),
    encoded('gzip without saying so', (body) => gzipSync(body), '', 'invalid_response'),
    encoded('br', (body) => Buffer.from(body), 'br', 'invalid_response'),
    encoded('zstd', (body) => Buffer.from(body), 'zstd', 'invalid_response'),
    ...['none', 'Identity', 'UTF-8'].map((name) => encoded(name, (body) => Buffer.from(body), name, 'ok')),
  ]),
];

export const wireContentRows: readonly Row[] = [...pages, ...jsonRpc, ...json, ...encodings];
