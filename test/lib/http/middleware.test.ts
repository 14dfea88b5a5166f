import { Logger } from '@aws-lambda-powertools/logger';
import middy from '@middy/core';
import type { APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2 } from 'aws-lambda';
import { LosslessNumber } from 'lossless-json';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import * as z from 'zod/mini';
import { routes } from '../../../lib/api/routes.ts';
import { Failure } from '../../../lib/errors.ts';
import {
  answer as answerOf,
  callerOf,
  deadlineOf,
  describe as describeFailure,
  http,
  readBody,
  readParameters,
} from '../../../lib/http/middleware.ts';
import type { Stage } from '../../../lib/stage.ts';
import { contextOf, getOrderEvent } from '../../functions/events.ts';
import { type CapturedOutput, captureOutput } from '../captured-output.ts';
import { failureOf } from '../thrown.ts';
import { createVirtualClock } from '../virtual-clock.ts';

const good = { account: 'main', order_id: 'BTC-1.x_Y' };

describe('the parameters of a request', () => {
  it.each<[Record<string, string>, string, object]>([
    [good, '', good],
    [good, 'max_age=0', { ...good, max_age: 0 }],
    [good, 'max_age=90', { ...good, max_age: 90 }],
    [good, 'max_age=%39%30', { ...good, max_age: 90 }],
    [good, 'max_age=999999', { ...good, max_age: 999_999 }],
    [{ account: 'a'.repeat(32), order_id: 'Z'.repeat(64) }, '', { account: 'a'.repeat(32), order_id: 'Z'.repeat(64) }],
  ])('are read from the path %j and the query %j', (path, query, read) => {
    expect(readParameters(routes.getOrder, getOrderEvent(path, query))).toEqual(read);
  });

  const account = 'Parameter "account" must be 1 to 32 characters out of a-z, 0-9 and -.';
  const orderId = 'Parameter "order_id" must be 1 to 64 characters out of A-Z, a-z, 0-9, ., _ and -.';
  const maxAge = 'Parameter "max_age" must be a whole number of seconds, 0 to 999999.';
  it.each<[string, Record<string, string>, string, string]>([
    ['an account in upper case', { ...good, account: 'Main' }, '', account],
    ['an empty account', { ...good, account: '' }, '', account],
    ['an account that is too long', { ...good, account: 'a'.repeat(33) }, '', account],
    ['an account with a line end', { ...good, account: 'main\n' }, '', account],
    ['an account with a key separator', { ...good, account: 'main#x' }, '', account],
    ['an empty order id', { ...good, order_id: '' }, '', orderId],
    ['an order id that is too long', { ...good, order_id: '1'.repeat(65) }, '', orderId],
    ['an order id with a slash', { ...good, order_id: '../x' }, '', orderId],
    ['an order id with a space', { ...good, order_id: 'a b' }, '', orderId],
    ['an order id with a control character', { ...good, order_id: 'a\u0000' }, '', orderId],
    ['an order id with a line end', { ...good, order_id: '1\n' }, '', orderId],
    ['an order id beyond ASCII', { ...good, order_id: '１２' }, '', orderId],
    ['an empty max_age', good, 'max_age=', maxAge],
    ['a max_age without a value', good, 'max_age', maxAge],
    ['a negative max_age', good, 'max_age=-1', maxAge],
    ['a fractional max_age', good, 'max_age=1.5', maxAge],
    ['a max_age with an exponent', good, 'max_age=1e3', maxAge],
    ['a max_age in hexadecimal', good, 'max_age=0x10', maxAge],
    ['a max_age with a blank', good, 'max_age=+1', maxAge],
    ['a max_age that is too long', good, 'max_age=1000000', maxAge],
    ['a max_age with a control character', good, 'max_age=1%00', maxAge],
    ['a max_age with a line end', good, 'max_age=1%0A', maxAge],
    ['a max_age beyond ASCII', good, `max_age=${encodeURIComponent('٣')}`, maxAge],
    ['a max_age given twice', good, 'max_age=1&max_age=1', 'Parameter "max_age" is given twice.'],
    ['a path parameter in the query too', good, 'account=main', 'Parameter "account" is given twice.'],
    ['an unknown parameter', good, 'maxage=1', 'Parameter "maxage" is unknown here.'],
    ['an unknown parameter without a name', good, '=1', 'Parameter "" is unknown here.'],
    ['an unknown parameter without a value', good, 'constructor', 'Parameter "constructor" is unknown here.'],
    ['an over-long unknown one', good, `${'x'.repeat(5_000)}=1`, `Parameter "${'x'.repeat(64)}" is unknown here.`],
    ['an unknown one of control characters', good, '%00%0A%22=1', 'Parameter "\\u0000\\n\\"" is unknown here.'],
  ])('are refused for %s', async (_, path, query, message) => {
    const failure = await failureOf(
      Promise.resolve().then(() => readParameters(routes.getOrder, getOrderEvent(path, query))),
    );
    expect(failure.code).toBe('bad_request');
    expect(failure.message).toBe(message);
    const [, name = ''] = /^Parameter ("(?:[^"\\]|\\.)*")/.exec(message) ?? [];
    expect(failure.members).toEqual({ parameters: [JSON.parse(name)] });
  });

  it('are refused when one is missing, by its name', async () => {
    const { pathParameters: _, ...event } = getOrderEvent(good);
    const failure = await failureOf(Promise.resolve().then(() => readParameters(routes.getOrder, event)));
    expect(failure.code).toBe('bad_request');
    expect(failure.message).toBe('Parameter "account" is missing. Parameter "order_id" is missing.');
  });
});

describe('the deadline', () => {
  it.each([
    [900_000, 25_000],
    [29_000, 25_000],
    [26_500, 25_000],
    [26_499, 24_999],
    [10_000, 8_500],
    [1_500, 0],
    [100, -1_400],
  ])('of an invocation that may take %i ms more is in %i ms', (remaining, left) => {
    expect(deadlineOf(1_000_000, remaining)).toBe(1_000_000 + left);
  });
});

const Reply = z.object({
  statusCode: z.number(),
  headers: z.record(z.string(), z.string()),
  body: z._default(z.string(), ''),
});
/** A route whose answers may be anything with a name. */
const Anything = { answer: z.looseObject({}) };
const open: Stage = { name: 'test', auth: { kind: 'iam' }, accounts: {} };
const path = '/accounts/main/orders/BTC-1.x_Y';

describe('around a handler', () => {
  let output: CapturedOutput;
  beforeEach(() => {
    output = captureOutput();
  });
  afterEach(() => output.release());

  /** Runs a handler in the stack; it takes 40 ms. */
  async function answer(
    result: () => Readonly<Record<string, unknown>>,
    event: APIGatewayProxyEventV2 = getOrderEvent(good),
    { stage = open, headers: more }: { stage?: Stage; headers?: Record<string, string> } = {},
  ) {
    const clock = createVirtualClock();
    const handler = middy<APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2>()
      .use(http({ logger: new Logger(), clock, stage }))
      .handler(async () => {
        clock.advance(40);
        return answerOf(Anything, event, result(), more);
      });
    const { statusCode, headers, body } = Reply.parse(await handler(event, contextOf()));
    return { statusCode, headers, body: JSON.parse(body || 'null'), text: body };
  }

  function logged(): Readonly<Record<string, unknown>> {
    const lines = output.lines();
    expect(lines).toHaveLength(1);
    return JSON.parse(lines[0] ?? '');
  }

  const failing = (failure: unknown) => () => {
    throw failure;
  };

  it('a result is written as JSON, digits exact, and logged in one line', async () => {
    const { statusCode, headers, text } = await answer(() => ({ amount: new LosslessNumber('1.10'), note: 'a\nb' }));
    expect(statusCode).toBe(200);
    expect(headers).toEqual({ 'content-type': 'application/json', 'cache-control': 'no-store' });
    expect(text).toBe('{"amount":1.10,"note":"a\\nb"}');
    expect(logged()).toMatchObject({
      level: 'INFO',
      message: 'answered',
      status: 200,
      code: 'ok',
      duration_ms: 40,
      request_id: 'request-1',
      function_request_id: 'invocation-1',
      route: 'GET /accounts/{account}/orders/{order_id}',
      account: 'main',
      order_id: 'BTC-1.x_Y',
    });
  });

  it('a failure becomes problem+json and one line of log', async () => {
    const { statusCode, headers, body } = await answer(
      failing(new Failure('invalid_response', 'It was unreadable.', { exchangeCode: 7 })),
    );
    expect(statusCode).toBe(502);
    expect(headers).toEqual({ 'content-type': 'application/problem+json', 'cache-control': 'no-store' });
    expect(body).toEqual({
      type: 'urn:order-state-snapshots:invalid_response',
      title: 'Exchange gave an unusable answer',
      status: 502,
      detail: 'It was unreadable.',
      code: 'invalid_response',
      instance: path,
      request_id: 'request-1',
      exchange_code: 7,
    });
    const line = logged();
    expect(line).toMatchObject({
      level: 'ERROR',
      message: 'failed',
      status: 502,
      code: 'invalid_response',
      duration_ms: 40,
    });
    expect(line).toMatchObject({
      detail: 'It was unreadable.',
      exchange_code: 7,
      account: 'main',
      request_id: 'request-1',
    });
    expect(line).not.toHaveProperty('trace');
    expect(line).not.toHaveProperty('causes');
  });

  it.each([
    ['bad_request', 'INFO'],
    ['throttled', 'WARN'],
    ['forbidden', 'ERROR'],
  ] as const)('%s is logged as %s', async (code, level) => {
    await answer(failing(new Failure(code, 'x')));
    expect(logged()['level']).toBe(level);
  });

  it.each([
    ['throttled', undefined, '1'],
    ['throttled', 2_001, '3'],
    ['throttled', 0, '0'],
    ['maintenance', undefined, '60'],
    ['secret_empty', undefined, undefined],
    ['invalid_response', 5_000, undefined],
    ['timeout', 5_000, undefined],
    ['internal', 5_000, undefined],
  ] as const)('%s with %s ms to wait has the Retry-After %s', async (code, retryAfterMs, header) => {
    const { headers } = await answer(failing(new Failure(code, 'x', { retryAfterMs })));
    expect(headers['retry-after']).toBe(header);
  });

  it('a failure’s further members are in the answer as far as it declares them', async () => {
    const members = { parameters: ['max_age'], request_body: 'inner text' };
    const { body } = await answer(failing(new Failure('bad_request', 'x', { members })));
    expect(body).toMatchObject({ parameters: ['max_age'] });
    expect(body).not.toHaveProperty('request_body');
  });

  it.each(['request_rejected', 'store_corrupt', 'internal'] as const)(
    '%s tells the caller nothing of the inside',
    async (code) => {
      const { statusCode, body, text } = await answer(
        failing(new Failure(code, 'inner text', { exchangeCode: 10_030 })),
      );
      expect(statusCode).toBe(500);
      expect(body.title).toBe('Internal error');
      expect(text).not.toContain('inner text');
      expect(body).not.toHaveProperty('exchange_code');
      expect(logged()).toMatchObject({ detail: 'inner text', exchange_code: 10_030 });
    },
  );

  it('an error that nobody foresaw is ours: its names and places are logged, its text is not', async () => {
    const inner = Object.assign(new RangeError('inner text'), { code: 'ECONNRESET' });
    const { statusCode, body, text } = await answer(failing(new TypeError('outer text', { cause: inner })));
    expect(statusCode).toBe(500);
    expect(body).toMatchObject({ code: 'internal', status: 500, request_id: 'request-1' });
    expect(text).not.toMatch(/inner|outer|TypeError/);
    const line = logged();
    expect(line).toMatchObject({ level: 'ERROR', code: 'internal', causes: ['TypeError', 'RangeError ECONNRESET'] });
    expect(line['trace']).toMatch(/^\s+at .*middleware\.test\.ts/);
    expect(output.text()).not.toMatch(/inner text|outer text/);
  });

  it('something that is no error at all is ours too, and stays untold', async () => {
    const { statusCode, text } = await answer(failing({ secret: 'inner text' }));
    expect(statusCode).toBe(500);
    expect(text + output.text()).not.toContain('inner text');
  });

  it('a request without path parameters is answered and logged all the same', async () => {
    const { pathParameters: _, ...event } = getOrderEvent(good);
    expect((await answer(() => ({ fine: true }), event)).text).toBe('{"fine":true}');
    expect(logged()).not.toHaveProperty('account');
  });

  it('what a caller writes cannot make a second line of log', async () => {
    await answer(() => ({}), getOrderEvent({ account: 'main\n{"level":"ERROR"}', order_id: '\u2028' }));
    expect(logged()['account']).toBe('main\n{"level":"ERROR"}');
  });

  it.each([
    ['"a"', 'W/"a"', 304],
    ['W/"b", W/"a"', 'W/"a"', 304],
    ['*', 'W/"a"', 304],
    ['"b"', 'W/"a"', 200],
    ['', 'W/"a"', 200],
  ])('If-None-Match %s meets the ETag %s with %i', async (ifNoneMatch, etag, status) => {
    const event = { ...getOrderEvent(good), headers: { 'if-none-match': ifNoneMatch } };
    const { statusCode, headers, text } = await answer(() => ({ a: 1 }), event, { headers: { etag } });
    expect({ statusCode, etag: headers['etag'] }).toEqual({ statusCode: status, etag });
    expect(text).toBe(status === 304 ? '' : '{"a":1}');
    expect(logged()).toMatchObject({ status });
  });

  it('If-None-Match is nothing to an answer without an ETag', async () => {
    const event = { ...getOrderEvent(good), headers: { 'if-none-match': '*' } };
    expect((await answer(() => ({}), event)).statusCode).toBe(200);
  });

  describe('where tokens are asked for', () => {
    const stage: Stage = { ...open, auth: { kind: 'jwt', accountsClaim: 'accounts' } };
    const withClaims = (claims: object, account = 'main') => {
      const event = getOrderEvent({ account, order_id: '1' });
      const authorizer = { jwt: { claims, scopes: [] } };
      return { ...event, requestContext: { ...event.requestContext, authorizer } };
    };

    it.each([
      ['[other main]', 200],
      ['other, main', 200],
      ['main', 200],
      [['main'], 200],
      ['[mainly]', 403],
      ['[]', 403],
      ['', 403],
      [7, 403],
    ])('a claim of %j is answered %i', async (accounts, status) => {
      const { statusCode, body } = await answer(() => ({}), withClaims({ sub: 'desk', accounts }), { stage });
      expect(statusCode).toBe(status);
      if (status === 403)
        expect(body).toMatchObject({ code: 'account_forbidden', detail: expect.stringContaining('accounts') });
    });

    it('a token without the claim, and a request without a token, are good for nothing', async () => {
      for (const event of [withClaims({ sub: 'desk' }), withClaims({}, ''), getOrderEvent(good)]) {
        expect((await answer(() => ({}), event, { stage })).statusCode).toBe(403);
      }
    });
  });

  it('what one request added to the log is gone with it', async () => {
    const clock = createVirtualClock();
    const logger = new Logger();
    const handler = middy<APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2>()
      .use(http({ logger, clock, stage: open }))
      .handler(async (event) => {
        if (event.rawQueryString === 'fail') throw new Failure('timeout', 'x');
        if (event.rawQueryString === 'add') logger.appendKeys({ exchange_ms: 7 });
        return answerOf(Anything, event, {});
      });
    for (const query of ['add', '', 'fail', '']) await handler(getOrderEvent(good, query), contextOf());
    const [added = '', ...after] = output.lines();
    expect(JSON.parse(added)).toHaveProperty('exchange_ms', 7);
    expect(after).toHaveLength(3);
    for (const line of after) expect(JSON.parse(line)).not.toHaveProperty('exchange_ms');
    expect(JSON.parse(after[2] ?? '')).not.toHaveProperty('detail');
  });
});

describe('the body of a request', () => {
  const read = (body: string | undefined, isBase64Encoded = false) =>
    failureOf(
      Promise.resolve().then(() => {
        const { body: _, ...event } = getOrderEvent(good);
        return readBody(routes.checkOrders, { ...event, ...(body !== undefined && { body }), isBase64Encoded });
      }),
    );

  it('is read as text and as base64', () => {
    const body = '{"order_ids":["1","2"],"max_age":5}';
    const expected = { order_ids: ['1', '2'], max_age: 5 };
    const event = getOrderEvent(good);
    expect(readBody(routes.checkOrders, { ...event, body })).toEqual(expected);
    const base64 = { body: Buffer.from(body).toString('base64'), isBase64Encoded: true };
    expect(readBody(routes.checkOrders, { ...event, ...base64 })).toEqual(expected);
  });

  it.each<[string, string | undefined, string]>([
    ['is missing', undefined, 'Parameter "body" must be JSON, nested at most 32 deep.'],
    ['is no JSON', '{', 'Parameter "body" must be JSON, nested at most 32 deep.'],
    ['gives a key twice', '{"order_ids":["1"],"order_ids":["2"]}', 'Parameter "order_ids" is given twice.'],
    ['is over-long', ' '.repeat(32 * 1024 + 1), 'Parameter "body" must be at most 32768 bytes long.'],
    ['is over-long in bytes', 'ж'.repeat(16 * 1024 + 1), 'Parameter "body" must be at most 32768 bytes long.'],
    ['lacks its ids', '{}', 'Parameter "order_ids" is missing.'],
    [
      'has an id too many',
      JSON.stringify({ order_ids: Array.from({ length: 101 }, (_, i) => `${i}`) }),
      'Parameter "order_ids" must name at most 100 orders.',
    ],
    ['names an order twice', '{"order_ids":["1","1"]}', 'Parameter "order_ids" must name each order once.'],
    ['has a number for an id', '{"order_ids":[1]}', 'Parameter "order_ids" has an item that must be a text.'],
    ['has something unknown', '{"order_ids":["1"],"maxage":1}', 'Parameter "maxage" is unknown here.'],
  ])('is refused when it %s', async (_, body, message) => {
    const failure = await read(body);
    expect(failure).toMatchObject({ code: 'bad_request', message });
  });

  it.each(['[]', '"x"', 'null', '7'])('is refused when it is %s', async (body) => {
    expect(await read(body)).toMatchObject({
      message: 'Parameter "body" must be an object.',
      members: { parameters: ['body'] },
    });
  });
});

describe('who asks', () => {
  const event = getOrderEvent(good);
  const by = (authorizer: object) => {
    const requestContext = { ...event.requestContext, authorizer };
    return { ...event, requestContext };
  };

  it.each([
    [
      'the principal who signed',
      { iam: { userArn: 'arn:aws:sts::1:assumed-role/desk/x' } },
      'arn:aws:sts::1:assumed-role/desk/x',
    ],
    ['the subject of the token', { jwt: { claims: { sub: 'desk-7' } } }, 'desk-7'],
  ])('is %s', (_, authorizer, caller) => expect(callerOf(by(authorizer))).toBe(caller));

  it('has to be somebody', () => {
    expect(() => callerOf(event)).toThrow('does not say who asks');
    expect(() => callerOf(by({ jwt: { claims: { accounts: '[main]' } } }))).toThrow('no claim sub');
  });
});

describe('what the log may know of a failure', () => {
  it('is at most five causes', () => {
    let cause = new Error('deepest');
    for (let depth = 0; depth < 9; depth++) cause = new Error('deeper', { cause });
    expect(describeFailure(new Failure('internal', 'x', { cause }))['causes']).toHaveLength(5);
  });

  it('ends where causes refer to one another', () => {
    const cause = new Error('a');
    cause.cause = cause;
    expect(describeFailure(new Failure('timeout', 'x', { cause }))['causes']).toEqual(Array(5).fill('Error'));
  });

  it('has no places in the code when it is not our fault, nor when there are none', () => {
    const cause = new Error('x');
    expect(describeFailure(new Failure('store_unavailable', 'x', { cause }))).toEqual({
      detail: 'x',
      causes: ['Error'],
    });
    delete cause.stack;
    expect(describeFailure(new Failure('internal', 'x', { cause }))).toHaveProperty('trace', '');
  });

  it('is no message, even one that is written like a place in the code', () => {
    const cause = new Error('boom\n    at SECRET');
    const { trace } = describeFailure(new Failure('internal', 'x', { cause }));
    expect(trace).toContain('middleware.test.ts');
    expect(trace).not.toContain('SECRET');
  });
});
