import { expect, test } from 'vitest';
import { decodePath, decodeQuery, fromResult, toEvent } from './payload.ts';
import { createRouter } from './routes.ts';

const route = (key: string) => ({ key, functionName: 'f', timeoutMs: 1, iam: false });

test.each([
  ['GET', '/pets/dog/1', 'GET /pets/dog/1', undefined],
  ['GET', '/pets/dog/2', 'GET /pets/dog/{id}', { id: '2' }],
  ['GET', '/pets/cat/1', 'GET /pets/{proxy+}', { proxy: 'cat/1' }],
  ['POST', '/test/5', 'ANY /{proxy+}', { proxy: 'test/5' }],
  ['POST', '/orders/1', 'ANY /orders/{id}', { id: '1' }],
  ['GET', '/orders/1', 'GET /orders/{id}', { id: '1' }],
  ['GET', '/', '$default', undefined],
])('the emulated gateway selects the route that AWS would select for %s %s', (method, path, key, pathParameters) => {
  const router = createRouter(
    [
      '$default',
      'ANY /{proxy+}',
      'GET /pets/{proxy+}',
      'GET /pets/dog/{id}',
      'GET /pets/dog/1',
      'ANY /orders/{id}',
      'GET /orders/{id}',
    ].map(route),
  );
  expect(router(method, path)).toEqual({ route: route(key), pathParameters });
});

test.each([
  ['GET', '/orders'],
  ['GET', '/orders/'],
  ['GET', '/orders/1/'],
  ['GET', '/orders/1/2'],
  ['POST', '/orders/1'],
  ['HEAD', '/orders/1'],
  ['OPTIONS', '/orders/1'],
])('the emulated gateway finds no route for %s %s', (method, path) => {
  expect(createRouter([route('GET /orders/{id}')])(method, path)).toBeUndefined();
});

test.each([
  ['/a/b%20c?x=%', '/a/b c'],
  ['/a+b', '/a+b'],
  ['/%C3%BC/%F0%9F%92%B6', '/ü/💶'],
  ['/a%2Fb', '/a/b'],
  ['/a%252Fb', '/a%2Fb'],
  ['/%zz', undefined],
  ['/%C3', undefined],
])('the emulated gateway decodes a path once, before routing: %s', (target, path) => {
  expect(decodePath(target)).toBe(path);
});

test.each([
  ['', {}],
  ['a=1', { a: '1' }],
  ['a=1&b=2&a=3', { a: '1,3', b: '2' }],
  ['a', { a: '' }],
  ['a=&&b=x=y', { a: '', b: 'x=y' }],
  ['plus=a+b&encoded=a%2Bb', { plus: 'a b', encoded: 'a+b' }],
  ['%C3%BC=https%3A%2F%2Fx%2Fy', { ü: 'https://x/y' }],
  ['__proto__=1', Object.fromEntries([['__proto__', '1']])],
  ['a=%', undefined],
  ['%ff=1', undefined],
])('the emulated gateway decodes the query %s', (query, parameters) => {
  expect(decodeQuery(query)).toEqual(parameters);
});

const around = {
  accountId: '111122223333',
  apiId: 'local',
  port: 3000,
  requestId: 'ATfSmjLgPHcESJw=',
  traceId: 'Root=1-6a5145a9-1bae89e2512ec92d5d9438a0',
  now: Date.UTC(2026, 6, 10, 19, 19, 5, 766),
};
const request = {
  method: 'POST',
  target:
    '/capture/space%20value?repeat=one&repeat=two&redirect=https%3A%2F%2Fexample.com%2Fa%2Fb&literalPlus=a+b&empty=',
  protocol: 'HTTP/1.1',
  headers: {
    accept: ['*/*'],
    connection: ['keep-alive'],
    'content-type': ['application/json'],
    cookie: ['session=abc123; theme=dark'],
    host: ['abc.execute-api.us-west-2.amazonaws.com:3000'],
    'user-agent': ['curl/8.7.1'],
    'x-probe': ['first', 'second'],
  },
  body: Buffer.from('{"unicode":"λ"}'),
  sourceIp: '127.0.0.1',
};

test('the emulated gateway makes the same event of payload format 2.0 as AWS was recorded to make', () => {
  const match = { route: { ...route('POST /capture/{name}'), iam: true }, pathParameters: { name: 'space value' } };
  expect(toEvent(request, match, around)).toEqual({
    version: '2.0',
    routeKey: 'POST /capture/{name}',
    rawPath: '/capture/space value',
    rawQueryString: 'repeat=one&repeat=two&redirect=https%3A%2F%2Fexample.com%2Fa%2Fb&literalPlus=a+b&empty=',
    cookies: ['session=abc123', 'theme=dark'],
    headers: {
      accept: '*/*',
      'content-length': '16',
      'content-type': 'application/json',
      host: 'abc.execute-api.us-west-2.amazonaws.com:3000',
      'user-agent': 'curl/8.7.1',
      'x-amzn-trace-id': around.traceId,
      'x-forwarded-for': '127.0.0.1',
      'x-forwarded-port': '3000',
      'x-forwarded-proto': 'http',
      'x-probe': 'first,second',
    },
    queryStringParameters: {
      empty: '',
      literalPlus: 'a b',
      redirect: 'https://example.com/a/b',
      repeat: 'one,two',
    },
    requestContext: {
      accountId: '111122223333',
      apiId: 'local',
      authorizer: {
        iam: {
          accessKey: 'ASIALOCAL',
          accountId: '111122223333',
          callerId: 'AROALOCAL:local',
          cognitoIdentity: null,
          principalOrgId: '',
          userArn: 'arn:aws:sts::111122223333:assumed-role/local/local',
          userId: 'AROALOCAL:local',
        },
      },
      domainName: 'abc.execute-api.us-west-2.amazonaws.com',
      domainPrefix: 'abc',
      http: {
        method: 'POST',
        path: '/capture/space value',
        protocol: 'HTTP/1.1',
        sourceIp: '127.0.0.1',
        userAgent: 'curl/8.7.1',
      },
      requestId: 'ATfSmjLgPHcESJw=',
      routeKey: 'POST /capture/{name}',
      stage: '$default',
      time: '10/Jul/2026:19:19:05 +0000',
      timeEpoch: around.now,
    },
    pathParameters: { name: 'space value' },
    body: '{"unicode":"λ"}',
    isBase64Encoded: false,
  });
});

test('the emulated gateway leaves out of its event what a minimal request does not have', () => {
  const bare = { ...request, method: 'GET', target: '/', headers: {}, body: Buffer.alloc(0) };
  const event = toEvent(bare, { route: route('$default'), pathParameters: undefined }, around);
  expect(Object.keys(event ?? {}).toSorted()).toEqual(
    ['headers', 'isBase64Encoded', 'rawPath', 'rawQueryString', 'requestContext', 'routeKey', 'version'].toSorted(),
  );
  expect(event?.headers['content-length']).toBe('0');
  expect(event?.isBase64Encoded).toBe(false);
  expect(event?.requestContext).not.toHaveProperty('authorizer');
});

test.each([
  ['text/plain', false],
  ['text/csv; charset=utf-8', false],
  ['application/json;charset=utf-8', false],
  ['Application/XML', false],
  ['application/javascript', false],
  ['application/x-www-form-urlencoded', true],
  ['application/octet-stream', true],
  ['image/png', true],
  [undefined, true],
])('whether the emulated gateway encodes a body of type %s as base64 is %s', (type, base64) => {
  const headers = type === undefined ? {} : { 'content-type': [type] };
  const event = toEvent(
    { ...request, headers, body: Buffer.from('hé') },
    { route: route('$default'), pathParameters: undefined },
    around,
  );
  expect(event?.isBase64Encoded).toBe(base64);
  expect(event?.body).toBe(base64 ? 'aMOp' : 'hé');
});

const shown = (payload: unknown) => {
  const { status, headers, cookies, body } = fromResult(JSON.stringify(payload)) ?? {};
  return status === undefined ? undefined : { status, headers, cookies, body: body?.toString() };
};
const json = { 'content-type': 'application/json' };
const text = { 'content-type': 'text/plain; charset=utf-8' };

test.each([
  [
    'whole',
    { statusCode: 201, headers: { 'X-A': 1, 'Content-Type': 'a/b' }, cookies: ['a=1', 'b=2'], body: 'x' },
    { status: 201, headers: { 'x-a': '1', 'content-type': 'a/b' }, cookies: ['a=1', 'b=2'], body: 'x' },
  ],
  [
    'base64',
    { statusCode: 200, body: 'aMOp', isBase64Encoded: true },
    { status: 200, headers: text, cookies: [], body: 'hé' },
  ],
  ['bare', { statusCode: '204' }, { status: 204, headers: text, cookies: [], body: '' }],
  ['no status code', { message: 'hi' }, { status: 200, headers: json, cookies: [], body: '{"message":"hi"}' }],
  ['a string', 'hi', { status: 200, headers: json, cookies: [], body: 'hi' }],
  ['nothing', null, { status: 200, headers: json, cookies: [], body: 'null' }],
  ['an invalid status', { statusCode: 1 }, undefined],
  ['a body that is not a string', { statusCode: 200, body: { a: 1 } }, undefined],
])('the emulated gateway turns a function result into a response: %s', (_, payload, expected) => {
  expect(shown(payload)).toEqual(expected);
});
