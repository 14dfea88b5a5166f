import { describe, expect, test, vi } from 'vitest';
import { Failure } from '../../../lib/errors.ts';
import { deribit } from '../../../lib/exchange/dialects/deribit.ts';
import { type Dialect, dialects } from '../../../lib/exchange/dialects/index.ts';
import { orangex } from '../../../lib/exchange/dialects/orangex.ts';
import { encodeCall, readReply } from '../../../lib/exchange/json-rpc.ts';
import type { HttpReply } from '../../../lib/exchange/transport.ts';
import { printed } from '../thrown.ts';

const now = Date.UTC(2026, 0, 1);

const read = (body: string, reply: Partial<HttpReply> = {}, dialect: Dialect = orangex) =>
  readReply({ status: 200, body, ...reply }, { id: 7, dialect, now });

function refusal(...args: Parameters<typeof read>): Failure {
  try {
    read(...args);
  } catch (thrown) {
    if (thrown instanceof Failure) return thrown;
    throw thrown;
  }
  return expect.unreachable();
}

const replyWith = (members: string) => `{"jsonrpc":"2.0",${members}}`;
const error = (members: string, id = '"id":7,') => replyWith(`${id}"error":{${members}}`);

test('a JSON-RPC call writes its method name as the dialect does', () => {
  const params = { order_id: '39004881276768256' };
  const body = (dialect: Dialect) => encodeCall(dialect, 7, 'private/get_order_state', params);
  const rest = '"params":{"order_id":"39004881276768256"}}';
  expect(body(orangex)).toBe(`{"jsonrpc":"2.0","id":7,"method":"/private/get_order_state",${rest}`);
  expect(body(deribit)).toBe(`{"jsonrpc":"2.0","id":7,"method":"private/get_order_state",${rest}`);
});

test('a JSON-RPC result is returned with its own text, verbatim', () => {
  const { result, resultText } = read('{ "id" : 7, "jsonrpc" : "2.0", "result" : { "price" : 1.10 } }');
  expect(JSON.stringify(result)).toBe('{"price":{"value":"1.10","isLosslessNumber":true}}');
  expect(resultText).toBe('{ "price" : 1.10 }');
});

test.each(['7', '"7"'])('a JSON-RPC result may echo its id as %s', (id) => {
  expect(read(replyWith(`"id":${id},"result":{}`)).resultText).toBe('{}');
});

test('a JSON-RPC result nested 40 deep is refused for its depth', () => {
  const body = replyWith(`"id":7,"result":${'['.repeat(40)}${']'.repeat(40)}`);
  expect(refusal(body).message).toBe('The exchange returned HTTP 200 without JSON-RPC: JSON is nested deeper than 32.');
});

test('a JSON-RPC result is accepted whatever its HTTP status', () => {
  expect(read(replyWith('"id":7,"result":{}'), { status: 500 }).resultText).toBe('{}');
});

test('a JSON-RPC result is accepted beside an error of null', () => {
  expect(read(replyWith('"id":7,"result":{},"error":null')).resultText).toBe('{}');
});

test.each([
  ['another id', replyWith('"id":8,"result":{}')],
  ['an id of another type', replyWith('"id":[7],"result":{}')],
  ['an id written differently', replyWith('"id":7.0,"result":{}')],
  ['no id', replyWith('"result":{}')],
  ['an id of null', replyWith('"id":null,"result":{}')],
  ['an error beside it', replyWith('"id":7,"result":{},"error":{"code":10004}')],
  ['no jsonrpc', '{"id":7,"result":{}}'],
  ['another jsonrpc', '{"id":7,"jsonrpc":"1.0","result":{}}'],
  ['a jsonrpc that is a number', '{"id":7,"jsonrpc":2.0,"result":{}}'],
  ['null as its value', replyWith('"id":7,"result":null')],
  ['neither result nor error', replyWith('"id":7')],
  ['its second half missing', '{"jsonrpc":"2.0","id":7,"result":{"a"'],
  ['a list around it', `[${replyWith('"id":7,"result":{}')}]`],
  ['a key twice', replyWith('"id":7,"result":{"a":1,"a":2}')],
  ['too many levels', replyWith(`"id":7,"result":${'['.repeat(40)}${']'.repeat(40)}`)],
])('a JSON-RPC result with %s is refused as invalid_response', (_what, body) => {
  expect(refusal(body).code).toBe('invalid_response');
});

test.each(
  Object.values(dialects).flatMap(({ name, errors }) =>
    Object.entries(errors).map(([number, { code }]) => [name, number, code] as const),
  ),
)('a JSON-RPC error of %s with the code %s is the failure %s', (name, number, code) => {
  const failure = refusal(error(`"code":${number},"message":"m"`), { status: 400 }, dialects[name]);
  expect(failure).toMatchObject({ code, exchangeCode: Number(number) });
});

test('a JSON-RPC error with an unknown code is exchange_error', () => {
  expect(refusal(error('"code":424242'))).toMatchObject({ code: 'exchange_error', exchangeCode: 424242 });
});

test('a JSON-RPC error may have its code as a string', () => {
  expect(refusal(error('"code":"10004"'))).toMatchObject({ code: 'order_not_found', exchangeCode: 10004 });
});

test.each(['', '"id":null,'])('a JSON-RPC error without an id (%j) is still that error', (id) => {
  expect(refusal(error('"code":9902', id))).toMatchObject({ code: 'exchange_error', exchangeCode: 9902 });
  expect(refusal(error('"code":10028', id)).code).toBe('throttled');
  expect(refusal(error('"code":13004', id)).code).toBe('key_refused');
});

test.each(['', '"id":null,'])(
  'a JSON-RPC error about an order but without an id (%j) says nothing about the order',
  (id) => {
    for (const number of [10004, 10025, 10029, -32602]) {
      const failure = refusal(error(`"code":${number}`, id));
      expect(failure).toMatchObject({ code: 'invalid_response', message: expect.stringContaining('has no id') });
    }
  },
);

test("a JSON-RPC error without the call's id ends the use of its connection", () => {
  const dropConnection = vi.fn();
  for (const id of ['', '"id":8,', '"id":7,']) refusal(error('"code":10028', id), { dropConnection });
  expect(dropConnection).toHaveBeenCalledTimes(2);
});

test('a JSON-RPC error for another call is invalid_response', () => {
  expect(refusal(error('"code":10004', '"id":8,')).code).toBe('invalid_response');
});

test('a JSON-RPC error is accepted beside a result of null', () => {
  expect(refusal(replyWith('"id":7,"result":null,"error":{"code":10004}')).code).toBe('order_not_found');
});

test.each(['"message":"no code"', '"code":null', '"code":"ten"', '"code":1.5', '"code":[10004]'])(
  'a JSON-RPC error of the form {%s} is invalid_response',
  (members) => {
    expect(refusal(error(members)).code).toBe('invalid_response');
  },
);

test('a JSON-RPC error that is only a string is invalid_response', () => {
  expect(refusal(replyWith('"id":7,"error":"boom"')).code).toBe('invalid_response');
});

test('a JSON-RPC error is accepted whatever its HTTP status', () => {
  for (const status of [200, 400, 401, 500, 503]) {
    expect(refusal(error('"code":10004'), { status }).code).toBe('order_not_found');
  }
});

test.each([-32000, -32005, 99999, 10004, 13004])(
  'a JSON-RPC error %i with HTTP status 429 counts as throttling',
  (number) => {
    expect(refusal(error(`"code":${number}`), { status: 429, retryAfterMs: 7_000 })).toMatchObject({
      code: 'throttled',
      exchangeCode: number,
      retryAfterMs: 7_000,
    });
  },
);

test('a JSON-RPC error with HTTP status 429 counts as throttling even if it is for another call, or is a result', () => {
  for (const body of [error('"code":10004', '"id":8,'), replyWith('"id":7,"result":{}'), replyWith('"error":"slow"')]) {
    expect(refusal(body, { status: 429 })).toMatchObject({ code: 'throttled', retryAfterMs: 1_000 });
  }
});

test('a JSON-RPC error does not reveal its text and data', () => {
  const failure = refusal(error('"code":13004,"message":"canary-1","data":{"reason":"canary-2"}'));
  expect(failure.message).toMatch(/^The exchange returned error 13004: the key is wrong/);
  expect(printed(failure)).not.toContain('canary');
});

test.each([
  ['its data', '"code":10028,"data":{"wait":3}', undefined, 3_000],
  ['its data, in fractions of seconds', '"code":10028,"data":{"wait":"1.5"}', undefined, 1_500],
  ['the header', '"code":10028,"data":null', 4_000, 4_000],
  ['the longer of both', '"code":10028,"data":{"wait":3}', 2_000, 3_000],
  ['nowhere, and is a second when throttled', '"code":10028', undefined, 1_000],
  ['its data, but is at least a second', '"code":10066,"data":{"wait":0}', undefined, 1_000],
  ['invalid data, and is a second when throttled', '"code":10028,"data":{"wait":-5}', undefined, 1_000],
  ['its data, though it is not throttled', '"code":10040,"data":{"wait":0.25}', undefined, 250],
  ['nowhere when its data is invalid', '"code":10040,"data":{"wait":"soon"}', undefined, undefined],
])('the wait that an exchange error requires comes from %s', (_who, members, header, expected) => {
  const reply = { status: 400, ...(header !== undefined && { retryAfterMs: header }) };
  expect(refusal(error(members), reply).retryAfterMs).toBe(expected);
});

test.each([
  [429, undefined, 'throttled', 1_000],
  [429, 5_000, 'throttled', 5_000],
  [500, undefined, 'busy', undefined],
  [502, undefined, 'busy', undefined],
  [503, 30_000, 'busy', 30_000],
  [599, undefined, 'busy', undefined],
  [200, undefined, 'invalid_response', undefined],
  [204, undefined, 'invalid_response', undefined],
  [401, undefined, 'invalid_response', undefined],
  [403, undefined, 'invalid_response', undefined],
  [404, undefined, 'invalid_response', undefined],
])(
  'a reply that is not JSON-RPC is classified by its status: %i, Retry-After %s ms, is %s',
  (status, header, code, retryAfterMs) => {
    for (const body of ['', '<html>canary</html>', '{"message":"canary"}', '"canary"', 'null']) {
      const failure = refusal(body, { status, ...(header !== undefined && { retryAfterMs: header }) });
      expect(failure).toMatchObject({ code, retryAfterMs });
      expect(printed(failure)).not.toContain('canary');
    }
  },
);

describe('times', () => {
  const timeOf = (members: string) => read(replyWith(`"id":7,"result":{},${members}`)).exchangeTime;

  test("the exchange's time in a reply is read as milliseconds, as the example of the specification has it", () => {
    expect(timeOf('"usIn":1597130045270,"usOut":1597130046950,"usDiff":1680')).toBe(1597130046950);
  });

  test("the exchange's time in a reply is read as microseconds, as the text of the specification has it", () => {
    expect(timeOf('"usIn":1597130045270999,"usOut":"1597130046950001"')).toBe(1597130046950);
  });

  test.each(['1597130045', '15971300452700000000', '0', '"0000000000001"', '-1597130045270', '1.5', '"soon"'])(
    "the exchange's time in a reply is unknown when it is %s, which shows no unit",
    (time) => {
      expect(timeOf(`"usOut":${time}`)).toBeUndefined();
    },
  );

  test.each([now + 3_600_001, 9_999_999_999_999, 999_999_999_999_999, 1_262_303_999_999, 1_262_303_999_999_999])(
    "the exchange's time in a reply is unknown when it is %i, before 2010 or over an hour ahead",
    (time) => {
      expect(timeOf(`"usOut":${time}`)).toBeUndefined();
    },
  );

  test("the exchange's time in a reply is accepted up to an hour ahead, and back to 2010", () => {
    for (const time of [now + 3_600_000, Date.UTC(2010, 0, 1)]) expect(timeOf(`"usOut":${time}`)).toBe(time);
  });

  test("the exchange's time in a reply may be absent or invalid", () => {
    expect(read(replyWith('"id":7,"result":{}')).exchangeTime).toBeUndefined();
    expect(timeOf('"usOut":null')).toBeUndefined();
    expect(timeOf('"usOut":{}')).toBeUndefined();
  });
});
