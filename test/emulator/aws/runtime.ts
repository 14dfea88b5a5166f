/**
 * The inside of a function environment: a minimal version of Lambda's Node.js runtime. It speaks the Runtime API and
 * knows nothing of who serves it, so that AWS's own runtime client can stand in its place.
 */

import { existsSync } from 'node:fs';
import type { IncomingHttpHeaders } from 'node:http';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

// Not imported: naming node:http in ESM loads all of it, undici included, and would cost every cold start.
const { Agent, request } = process.getBuiltinModule('node:http');
const env = (name: string): string => process.env[name] ?? '';
const api = new URL(`http://${env('AWS_LAMBDA_RUNTIME_API')}/2018-06-01/runtime/`);
const agent = new Agent({ keepAlive: true, maxSockets: 1 });

let invocationId: string | undefined;

// The parent process holds standard input open; when it closes, there is nobody left to serve.
process.stdin.on('close', () => process.exit(0)).resume();
process.on('uncaughtException', (error) => void die('Runtime.UncaughtException', error, 129));
process.on('unhandledRejection', (error) => void die('Runtime.UnhandledPromiseRejection', error, 128));

const handler = await load().catch((error: unknown) => die(undefined, error, 1));
while (true) await serveOne();

type Handler = (event: unknown, context: object) => unknown;

async function load(): Promise<Handler> {
  const [name = '', exported = ''] = env('_HANDLER').split('.');
  const file = ['.js', '.mjs', '.cjs']
    .map((extension) => join(env('LAMBDA_TASK_ROOT'), name + extension))
    .find((path) => existsSync(path));
  if (file === undefined) throw named('Runtime.ImportModuleError', `Error: Cannot find module '${name}'`);
  const loaded: Readonly<Record<string, unknown>> = await import(pathToFileURL(file).href);
  const found = loaded[exported];
  if (!isHandler(found)) throw named('Runtime.HandlerNotFound', `${env('_HANDLER')} is undefined or not exported`);
  if (found.length > 2) {
    throw named('Runtime.CallbackHandlerDeprecated', 'AWS Lambda takes no callback-style handlers from Node.js 24 on.');
  }
  return found;
}

async function serveOne(): Promise<void> {
  const next = await call('GET', 'invocation/next');
  const id = header(next.headers, 'lambda-runtime-aws-request-id');
  invocationId = id;
  process.env['_X_AMZN_TRACE_ID'] = header(next.headers, 'lambda-runtime-trace-id');
  try {
    const result = await handler(JSON.parse(next.body), context(next.headers));
    await call('POST', `invocation/${id}/response`, JSON.stringify(result) ?? 'null');
  } catch (error) {
    report(error);
    await call('POST', `invocation/${id}/error`, JSON.stringify(described(error)));
  }
  invocationId = undefined;
}

function context(headers: IncomingHttpHeaders): object {
  const deadline = Number(header(headers, 'lambda-runtime-deadline-ms'));
  return {
    awsRequestId: header(headers, 'lambda-runtime-aws-request-id'),
    invokedFunctionArn: header(headers, 'lambda-runtime-invoked-function-arn'),
    functionName: env('AWS_LAMBDA_FUNCTION_NAME'),
    functionVersion: env('AWS_LAMBDA_FUNCTION_VERSION'),
    memoryLimitInMB: env('AWS_LAMBDA_FUNCTION_MEMORY_SIZE'),
    logGroupName: env('AWS_LAMBDA_LOG_GROUP_NAME'),
    logStreamName: env('AWS_LAMBDA_LOG_STREAM_NAME'),
    callbackWaitsForEmptyEventLoop: true,
    getRemainingTimeInMillis: () => deadline - Date.now(),
  };
}

async function die(type: string | undefined, error: unknown, status: number): Promise<never> {
  report(error);
  const description = described(error);
  const body = JSON.stringify({ ...description, errorType: type ?? description.errorType });
  await call('POST', invocationId === undefined ? 'init/error' : `invocation/${invocationId}/error`, body).catch(
    report,
  );
  process.exit(status);
}

function described(error: unknown): { errorType: string; errorMessage: string; trace: readonly string[] } {
  if (!(error instanceof Error)) return { errorType: typeof error, errorMessage: String(error), trace: [] };
  return { errorType: error.name, errorMessage: error.message, trace: error.stack?.split('\n') ?? [] };
}

function report(error: unknown): void {
  process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
}

function call(method: string, path: string, body = ''): Promise<{ headers: IncomingHttpHeaders; body: string }> {
  return new Promise((resolve, reject) => {
    const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) };
    request(new URL(path, api), { agent, method, headers }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () => resolve({ headers: response.headers, body: Buffer.concat(chunks).toString() }));
      response.on('error', reject);
    })
      .on('error', reject)
      .end(body);
  });
}

function header(headers: IncomingHttpHeaders, name: string): string {
  const value = headers[name];
  return typeof value === 'string' ? value : '';
}

function named(name: string, message: string): Error {
  return Object.assign(new Error(message), { name });
}

function isHandler(value: unknown): value is Handler {
  return typeof value === 'function';
}
