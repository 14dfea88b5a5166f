import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, expect, test } from 'vitest';
import * as z from 'zod/mini';
import type { LocalFunction } from './assembly.ts';
import { startGateway } from './gateway.ts';
import { type Lambda, startLambda } from './lambda.ts';

const folder = mkdtempSync(join(tmpdir(), 'toys-'));
afterAll(() => rmSync(folder, { recursive: true }));
writeFileSync(join(folder, 'package.json'), '{"type":"module"}');

const region = 'eu-west-1';
const running: Lambda[] = [];
afterEach(async () => {
  await Promise.all(running.splice(0).map((lambda) => lambda.stop()));
});

/** A function from source text, and everything that running it produced. */
function toy(name: string, source: string, settings: Partial<LocalFunction> = {}) {
  writeFileSync(join(folder, `${name}.js`), source);
  const output: Buffer[] = [];
  const failures: string[] = [];
  const lambda = startLambda({
    functions: [
      {
        name,
        arn: `arn:aws:lambda:${region}:111122223333:function:${name}`,
        code: folder,
        handler: `${name}.handler`,
        environment: { TABLE_NAME: 'table' },
        timeoutMs: 10_000,
        memoryMb: 256,
        concurrency: undefined,
        logGroup: '/toys',
        ...settings,
      },
    ],
    region,
    endpoints: { AWS_ENDPOINT_URL_DYNAMODB: 'http://127.0.0.1:1' },
    output: (chunk) => output.push(chunk),
    failed: (_, type, message) => failures.push(`${type}: ${message}`),
  });
  running.push(lambda);
  return {
    invoke: (event: unknown = {}) => lambda.invoke(name, JSON.stringify(event), 'Root=1-2-3'),
    stop: () => lambda.stop(),
    failures,
    output: () => Buffer.concat(output).toString(),
    lambda,
  };
}

const pidOf = (outcome: { kind: string; payload?: string }) => Number(outcome.payload);

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

test('one emulated Lambda environment serves one request after the other, awaits in INIT, and sees only its own variables', async () => {
  process.env['NOT_FOR_FUNCTIONS'] = 'secret';
  const { invoke, output } = toy(
    'echo',
    `const started = await Promise.resolve('yes');
     let count = 0;
     console.log('{"level":"INFO"}');
     export const handler = async (event, context) => {
       count += 1;
       const { getRemainingTimeInMillis, ...rest } = context;
       return { event, count, started, pid: process.pid, env: process.env, cwd: process.cwd(), context: rest, left: getRemainingTimeInMillis(),
         undici: process.moduleLoadList.some((name) => name.includes('undici/undici')) };
     };`,
  );
  const Echo = z.object({
    count: z.number(),
    pid: z.number(),
    left: z.number(),
    undici: z.boolean(),
    cwd: z.string(),
    env: z.record(z.string(), z.string()),
    context: z.record(z.string(), z.unknown()),
  });
  const first = await invoke({ a: 'ü' });
  const second = await invoke();
  if (first.kind !== 'returned' || second.kind !== 'returned') throw new Error('it failed');
  expect(JSON.parse(first.payload)).toMatchObject({ event: { a: 'ü' }, count: 1, started: 'yes' });
  const echo = Echo.parse(JSON.parse(second.payload));
  expect(echo.count).toBe(2);
  expect(echo.pid).not.toBe(process.pid);
  expect(echo.undici).toBe(false);
  expect(echo.cwd).toBe(folder);
  expect(echo.left).toBeGreaterThan(5000);
  expect(echo.left).toBeLessThanOrEqual(10_000);
  expect(echo.context).toEqual({
    awsRequestId: expect.stringMatching(/^[0-9a-f-]{36}$/),
    callbackWaitsForEmptyEventLoop: true,
    functionName: 'echo',
    functionVersion: '$LATEST',
    invokedFunctionArn: 'arn:aws:lambda:eu-west-1:111122223333:function:echo',
    logGroupName: '/toys',
    logStreamName: expect.stringContaining('[$LATEST]1'),
    memoryLimitInMB: '256',
  });
  expect(Object.keys(echo.env).toSorted()).toEqual(
    [
      'AWS_ACCESS_KEY_ID',
      'AWS_DEFAULT_REGION',
      'AWS_ENDPOINT_URL_DYNAMODB',
      'AWS_EXECUTION_ENV',
      'AWS_LAMBDA_FUNCTION_MEMORY_SIZE',
      'AWS_LAMBDA_FUNCTION_NAME',
      'AWS_LAMBDA_FUNCTION_VERSION',
      'AWS_LAMBDA_INITIALIZATION_TYPE',
      'AWS_LAMBDA_LOG_GROUP_NAME',
      'AWS_LAMBDA_LOG_STREAM_NAME',
      'AWS_LAMBDA_RUNTIME_API',
      'AWS_REGION',
      'AWS_SECRET_ACCESS_KEY',
      'AWS_SESSION_TOKEN',
      'LAMBDA_TASK_ROOT',
      'LANG',
      'PATH',
      'TABLE_NAME',
      'TZ',
      '_HANDLER',
      '_X_AMZN_TRACE_ID',
    ].toSorted(),
  );
  expect(output()).toBe('{"level":"INFO"}\n');
});

test('concurrent requests get their own Lambda environments, up to the reserved concurrency', async () => {
  const { invoke } = toy(
    'parallel',
    `export const handler = async (_, context) => {
       await new Promise((resolve) => setTimeout(resolve, 300));
       return process.pid;
     };`,
    { concurrency: 2 },
  );
  const outcomes = await Promise.all([invoke(), invoke(), invoke()]);
  expect(outcomes.map(({ kind }) => kind).toSorted()).toEqual(['returned', 'returned', 'throttled']);
  const pids = outcomes.flatMap((outcome) => (outcome.kind === 'returned' ? [pidOf(outcome)] : []));
  expect(new Set(pids).size).toBe(2);
  expect(pids).toContain(pidOf(await invoke()));
});

test('a function is killed at its timeout, even when it blocks its event loop, and the next request gets a new environment', async () => {
  const { invoke, failures } = toy(
    'slow',
    'export const handler = ({ hang }) => { while (hang); return process.pid; };',
    { timeoutMs: 500 },
  );
  const before = pidOf(await invoke());
  expect(await invoke({ hang: true })).toMatchObject({ kind: 'failed', errorType: 'Sandbox.Timedout' });
  expect(failures).toEqual([expect.stringContaining('Task timed out after 0.50 seconds')]);
  const after = pidOf(await invoke());
  expect(after).not.toBe(before);
  expect(isAlive(before)).toBe(false);
});

test.each([
  ['throws', 'export const handler = async () => { throw new TypeError("no"); };', 'TypeError: no'],
  [
    'exits',
    'export const handler = () => process.exit(3);',
    'Runtime.ExitError: Runtime exited with error: exit status 3',
  ],
  [
    'is-killed',
    "export const handler = () => process.kill(process.pid, 'SIGKILL');",
    'Runtime.ExitError: Runtime exited with error: signal: killed',
  ],
  [
    'lets-slip',
    'export const handler = () => new Promise(() => { Promise.reject(new Error("late")); });',
    'Runtime.UnhandledPromiseRejection: late',
  ],
  [
    'bursts',
    'export const handler = () => new Promise(() => setTimeout(() => { throw new Error("late"); }));',
    'Runtime.UncaughtException: late',
  ],
  ['never-starts', 'throw new RangeError("init"); export const handler = 1;', 'RangeError: init'],
  ['cannot-parse', 'export const handler = (', 'SyntaxError: '],
  ['exports-nothing', 'export const other = 1;', 'Runtime.HandlerNotFound: exports-nothing.handler is undefined'],
  ['calls-back', 'export const handler = (event, context, done) => done();', 'Runtime.CallbackHandlerDeprecated: '],
  ['is-large', 'export const handler = () => "x".repeat(6 * 1024 * 1024);', 'Function.ResponseSizeTooLarge: '],
])('a function that %s fails as on Lambda, and its failure is reported', async (name, source, failure) => {
  const { invoke, failures } = toy(name, source);
  expect((await invoke()).kind).toBe('failed');
  expect(failures).toEqual([expect.stringContaining(failure)]);
});

test('a function that is killed in a request gets a new environment for the next request', async () => {
  const { invoke } = toy(
    'victim',
    "export const handler = ({ die }) => (die ? process.kill(process.pid, 'SIGKILL') : process.pid);",
  );
  const before = pidOf(await invoke({}));
  expect((await invoke({ die: true })).kind).toBe('failed');
  const after = pidOf(await invoke({}));
  expect(after).not.toBe(before);
  expect([isAlive(before), isAlive(after)]).toEqual([false, true]);
});

test('a missing bundle and an event that is too large fail as on Lambda', async () => {
  expect(await toy('gone', '', { handler: 'nothing.handler' }).invoke()).toMatchObject({
    errorType: 'Runtime.ImportModuleError',
  });
  const { invoke } = toy('small', 'export const handler = () => 1;');
  expect(await invoke('x'.repeat(6 * 1024 * 1024))).toEqual({ kind: 'too_large' });
});

test('a handler that threw is invoked again in the same process, and stopping the emulator ends that process', async () => {
  const { invoke, stop } = toy(
    'moody',
    'let count = 0; export const handler = async () => { if (count++ === 0) throw new Error("once"); return process.pid; };',
  );
  expect((await invoke()).kind).toBe('failed');
  const pid = pidOf(await invoke());
  expect(isAlive(pid)).toBe(true);
  await stop();
  expect(isAlive(pid)).toBe(false);
  expect(await invoke()).toEqual({ kind: 'throttled' });
});

test('the emulated gateway returns what the function returns, and its own error when the function fails', async () => {
  const { lambda } = toy(
    'ways',
    `export const handler = async (event) => {
       if (event.pathParameters.way === 'throw') throw new Error('no');
       if (event.pathParameters.way === 'wait') await new Promise((resolve) => setTimeout(resolve, 5000));
       return { statusCode: 207, headers: { 'x-way': event.pathParameters.way }, cookies: ['a=1', 'b=2'],
         body: JSON.stringify({ body: event.body ?? null, base64: event.isBase64Encoded }) };
     };`,
  );
  const route = { functionName: 'ways', iam: true, timeoutMs: 30_000 };
  const gateway = await startGateway({
    port: 0,
    accountId: '111122223333',
    api: Promise.resolve({
      routes: [
        { ...route, key: 'GET /ways/{way}' },
        { ...route, key: 'PUT /ways/{way}', timeoutMs: 100 },
        { ...route, key: 'POST /ways/{way}' },
      ],
      invoke: lambda.invoke,
    }),
  });
  const send = async (path: string, init?: RequestInit) => {
    const response = await fetch(gateway.url + path, init);
    expect(response.headers.get('apigw-requestid')).toMatch(/^[\w-]{15}=$/);
    return { status: response.status, headers: response.headers, body: await response.text() };
  };
  const good = await send('/ways/a%20b');
  expect(good).toMatchObject({ status: 207, body: '{"body":null,"base64":false}' });
  expect(good.headers.get('x-way')).toBe('a b');
  expect(good.headers.get('content-type')).toBe('text/plain; charset=utf-8');
  expect(good.headers.getSetCookie()).toEqual(['a=1', 'b=2']);
  const posted = await send('/ways/x', { method: 'POST', body: new Uint8Array([0, 255]) });
  expect(posted.body).toBe('{"body":"AP8=","base64":true}');

  for (const [path, init, status, message] of [
    ['/ways/throw', {}, 500, 'Internal Server Error'],
    ['/ways/wait', { method: 'PUT' }, 503, 'Service Unavailable'],
    ['/ways/a%2Fb', {}, 404, 'Not Found'],
    ['/elsewhere', {}, 404, 'Not Found'],
    ['/ways/x', { method: 'DELETE' }, 404, 'Not Found'],
    ['/ways/x', { method: 'OPTIONS' }, 404, 'Not Found'],
    ['/ways/%zz', {}, 400, 'Bad Request'],
    ['/ways/x?a=%', {}, 400, 'Bad Request'],
    ['/ways/x', { method: 'POST', body: 'x'.repeat(10 * 1024 * 1024 + 1) }, 413, 'Request Entity Too Large'],
    ['/ways/x', { method: 'POST', body: 'x'.repeat(7 * 1024 * 1024) }, 413, 'Request Entity Too Large'],
  ] as const) {
    const refused = await send(path, init);
    expect([path, refused.status, refused.body]).toEqual([path, status, JSON.stringify({ message })]);
    expect(refused.headers.get('content-type')).toBe('application/json');
  }
  expect(await send('/ways/x', { method: 'HEAD' })).toMatchObject({ status: 404, body: '' });
  await gateway.stop();
});
