import type { APIGatewayProxyEventV2 } from 'aws-lambda';
import { LosslessNumber } from 'lossless-json';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import * as z from 'zod/mini';
import { Failure } from '../../../lib/errors.ts';
import { httpHandler } from '../../../lib/http/middleware.ts';
import { respond } from '../../../lib/http/response.ts';
import { Logger } from '../../../lib/log.ts';
import type { Stage } from '../../../lib/stage/stage.ts';
import { contextOf, getOrderEvent } from '../../functions/events.ts';
import { type CapturedOutput, captureOutput } from '../captured-output.ts';
import { createVirtualClock } from '../virtual-clock.ts';

const good = { account: 'main', order_id: 'BTC-1.x_Y' };

const Reply = z.object({
  statusCode: z.number(),
  headers: z.record(z.string(), z.string()),
  body: z._default(z.string(), ''),
});
/** A route whose response may be any object. */
const Anything = { response: z.looseObject({}) };
const open: Stage = { name: 'test', auth: { kind: 'iam' }, accounts: {} };
const path = '/accounts/main/orders/BTC-1.x_Y';

describe('middleware', () => {
  let output: CapturedOutput;
  beforeEach(() => {
    output = captureOutput();
  });
  afterEach(() => output.release());

  /** Runs a handler in the stack; it takes 40 ms. */
  async function respondTo(
    result: () => Readonly<Record<string, unknown>>,
    event: APIGatewayProxyEventV2 = getOrderEvent(good),
    { stage = open, headers: more }: { stage?: Stage; headers?: Record<string, string> } = {},
  ) {
    const clock = createVirtualClock();
    const handler = httpHandler({ logger: new Logger(), clock, stage }, async () => {
      clock.advance(40);
      return respond(Anything, event, result(), more);
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
    const { statusCode, headers, text } = await respondTo(() => ({ amount: new LosslessNumber('1.10'), note: 'a\nb' }));
    expect(statusCode).toBe(200);
    expect(headers).toEqual({ 'content-type': 'application/json', 'cache-control': 'no-store' });
    expect(text).toBe('{"amount":1.10,"note":"a\\nb"}');
    expect(logged()).toMatchObject({
      level: 'INFO',
      message: 'responded',
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
    const { statusCode, headers, body } = await respondTo(
      failing(new Failure('invalid_response', 'It was unreadable.', { exchangeCode: 7 })),
    );
    expect(statusCode).toBe(502);
    expect(headers).toEqual({ 'content-type': 'application/problem+json', 'cache-control': 'no-store' });
    expect(body).toEqual({
      type: 'urn:order-state-snapshots:invalid_response',
      title: 'Invalid reply from the exchange',
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
  ] as const)('the failure %s is logged at level %s', async (code, level) => {
    await respondTo(failing(new Failure(code, 'x')));
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
  ] as const)('the failure %s with a wait of %s ms has the Retry-After %s', async (code, retryAfterMs, header) => {
    const { headers } = await respondTo(failing(new Failure(code, 'x', { retryAfterMs })));
    expect(headers['retry-after']).toBe(header);
  });

  it('only the declared extra members of a failure are in the response', async () => {
    const members = { parameters: ['max_age'], request_body: 'inner text' };
    const { body } = await respondTo(failing(new Failure('bad_request', 'x', { members })));
    expect(body).toMatchObject({ parameters: ['max_age'] });
    expect(body).not.toHaveProperty('request_body');
  });

  it.each(['request_rejected', 'store_corrupt', 'internal'] as const)(
    'the failure %s reveals no internals to the caller',
    async (code) => {
      const { statusCode, body, text } = await respondTo(
        failing(new Failure(code, 'inner text', { exchangeCode: 10_030 })),
      );
      expect(statusCode).toBe(500);
      expect(body.title).toBe('Internal error');
      expect(text).not.toContain('inner text');
      expect(body).not.toHaveProperty('exchange_code');
      expect(logged()).toMatchObject({ detail: 'inner text', exchange_code: 10_030 });
    },
  );

  it('an unexpected error is internal: its names and stack are logged, its text is not', async () => {
    const inner = Object.assign(new RangeError('inner text'), { code: 'ECONNRESET' });
    const { statusCode, body, text } = await respondTo(failing(new TypeError('outer text', { cause: inner })));
    expect(statusCode).toBe(500);
    expect(body).toMatchObject({ code: 'internal', status: 500, request_id: 'request-1' });
    expect(text).not.toMatch(/inner|outer|TypeError/);
    const line = logged();
    expect(line).toMatchObject({ level: 'ERROR', code: 'internal', causes: ['TypeError', 'RangeError ECONNRESET'] });
    expect(line['trace']).toMatch(/^\s+at .*middleware\.test\.ts/);
    expect(output.text()).not.toMatch(/inner text|outer text/);
  });

  it('a thrown value that is not an error is internal, too, and is not revealed', async () => {
    const { statusCode, text } = await respondTo(failing({ secret: 'inner text' }));
    expect(statusCode).toBe(500);
    expect(text + output.text()).not.toContain('inner text');
  });

  it('a request without path parameters is handled and logged all the same', async () => {
    const { pathParameters: _, ...event } = getOrderEvent(good);
    expect((await respondTo(() => ({ fine: true }), event)).text).toBe('{"fine":true}');
    expect(logged()).not.toHaveProperty('account');
  });

  it('what a caller writes cannot create a second log line', async () => {
    await respondTo(() => ({}), getOrderEvent({ account: 'main\n{"level":"ERROR"}', order_id: '\u2028' }));
    expect(logged()['account']).toBe('main\n{"level":"ERROR"}');
  });

  it('what a caller writes cannot reorder, hide or colour a log line', async () => {
    const account = 'a\u202eb\u2028c\u009b31md\u200b\u{e0041}';
    await respondTo(() => ({}), getOrderEvent({ account, order_id: '1' }));
    expect(output.text()).not.toMatch(/[\u007f-\u009f\p{Cf}\p{Zl}\p{Zp}]/u);
    expect(logged()['account']).toBe(account);
  });

  it.each([
    ['"a"', 'W/"a"', 304],
    ['W/"b", W/"a"', 'W/"a"', 304],
    ['*', 'W/"a"', 304],
    ['"b"', 'W/"a"', 200],
    ['', 'W/"a"', 200],
  ])('If-None-Match %s with the ETag %s returns %i', async (ifNoneMatch, etag, status) => {
    const event = { ...getOrderEvent(good), headers: { 'if-none-match': ifNoneMatch } };
    const { statusCode, headers, text } = await respondTo(() => ({ a: 1 }), event, { headers: { etag } });
    expect({ statusCode, etag: headers['etag'] }).toEqual({ statusCode: status, etag });
    expect(text).toBe(status === 304 ? '' : '{"a":1}');
    expect(logged()).toMatchObject({ status });
  });

  it('If-None-Match is ignored for a response without an ETag', async () => {
    const event = { ...getOrderEvent(good), headers: { 'if-none-match': '*' } };
    expect((await respondTo(() => ({}), event)).statusCode).toBe(200);
  });

  describe('tokens', () => {
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
    ])('for a stage that requires tokens, a claim of %j returns %i', async (accounts, status) => {
      const { statusCode, body } = await respondTo(() => ({}), withClaims({ sub: 'desk', accounts }), { stage });
      expect(statusCode).toBe(status);
      if (status === 403)
        expect(body).toMatchObject({ code: 'account_forbidden', detail: expect.stringContaining('accounts') });
    });

    it('for a stage that requires tokens, a token without the claim, and a request without a token, are refused', async () => {
      for (const event of [withClaims({ sub: 'desk' }), withClaims({}, ''), getOrderEvent(good)]) {
        expect((await respondTo(() => ({}), event, { stage })).statusCode).toBe(403);
      }
    });
  });

  it('what one request added to the log does not appear in the next', async () => {
    const clock = createVirtualClock();
    const logger = new Logger();
    const handler = httpHandler({ logger, clock, stage: open }, async (event) => {
      if (event.rawQueryString === 'fail') throw new Failure('timeout', 'x');
      if (event.rawQueryString === 'add') logger.appendKeys({ exchange_ms: 7 });
      return respond(Anything, event, {});
    });
    for (const query of ['add', '', 'fail', '']) await handler(getOrderEvent(good, query), contextOf());
    const [added = '', ...after] = output.lines();
    expect(JSON.parse(added)).toHaveProperty('exchange_ms', 7);
    expect(after).toHaveLength(3);
    for (const line of after) expect(JSON.parse(line)).not.toHaveProperty('exchange_ms');
    expect(JSON.parse(after[2] ?? '')).not.toHaveProperty('detail');
  });
});
