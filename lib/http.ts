import type { Logger } from '@aws-lambda-powertools/logger';
import { injectLambdaContext } from '@aws-lambda-powertools/logger/middleware';
import type { MiddlewareObj } from '@middy/core';
import type {
  APIGatewayProxyEventV2,
  APIGatewayProxyEventV2WithIAMAuthorizer,
  APIGatewayProxyStructuredResultV2,
} from 'aws-lambda';
import * as z from 'zod/mini';
import type { Clock } from './clock.ts';
import { asFailure, Failure } from './errors.ts';
import { writeJson } from './exchange/json.ts';
import { orderIdPattern } from './exchange/order.ts';
import { accountPattern } from './stage.ts';

/** Parameters of the routes, each with the words that a caller reads when it is wrong. */
export const accountParameter = z
  .string()
  .check(z.regex(accountPattern, 'must be 1 to 32 characters out of a-z, 0-9 and -'));
export const orderIdParameter = z
  .string()
  .check(z.regex(orderIdPattern, 'must be 1 to 64 characters out of A-Z, a-z, 0-9, ., _ and -'));
/** Seconds in the query, milliseconds when read. */
export const maxAgeParameter = z.pipe(
  z.string().check(z.regex(/^\d{1,6}$/, 'must be a whole number of seconds, 0 to 999999')),
  z.transform((seconds) => Number(seconds) * 1000),
);

/** The gateway gives up after 30 s: the exchange must have answered before, and the answer must have been kept. */
const longestMs = 25_000;
const keepingMs = 1_500;

/** Until when the exchange may answer, milliseconds since the Unix epoch; `remainingMs` is the Lambda's. */
export function deadlineOf(now: number, remainingMs: number): number {
  return now + Math.min(remainingMs - keepingMs, longestMs);
}

/**
 * Reads the parameters in a request's path and query: those of the schema, each once.
 * Throws `bad_request` with a sentence that names the parameter.
 */
export function readParameters<Schema extends z.core.$ZodType>(
  schema: Schema,
  event: APIGatewayProxyEventV2,
): z.output<Schema> {
  const given = new Map(Object.entries(event.pathParameters ?? {}));
  for (const [name, value] of new URLSearchParams(event.rawQueryString)) {
    if (given.has(name)) throw new Failure('bad_request', complaint(name, 'is given twice'));
    given.set(name, value);
  }
  const parsed = z.safeParse(schema, Object.fromEntries(given));
  if (parsed.success) return parsed.data;
  throw new Failure(
    'bad_request',
    parsed.error.issues
      .flatMap((issue) => {
        if (issue.code === 'unrecognized_keys') return issue.keys.map((name) => complaint(name, 'is unknown here'));
        const name = String(issue.path[0]);
        return complaint(name, given.has(name) ? issue.message : 'is missing');
      })
      .join(' '),
  );
}

function complaint(name: string, says: string): string {
  return `Parameter ${JSON.stringify(name.slice(0, 64))} ${says}.`;
}

/** Who signed the request. The local door needs no signature and says so in the same place. */
export function callerOf({ requestContext }: APIGatewayProxyEventV2WithIAMAuthorizer): string {
  return requestContext.authorizer.iam.userArn;
}

export type HttpDeps = { readonly logger: Logger; readonly clock: Clock };

/**
 * The one stack around every HTTP handler. What the handler returns is written as JSON, digits exact; what it throws
 * becomes `application/problem+json`; one structured line is logged either way.
 */
export function http({ logger, clock }: HttpDeps): MiddlewareObj<APIGatewayProxyEventV2>[] {
  let startedAt = 0;
  return [
    injectLambdaContext(logger, { resetKeys: true }),
    {
      before: ({ event }) => {
        startedAt = clock.now();
        logger.appendKeys({
          request_id: event.requestContext.requestId,
          route: event.routeKey,
          ...event.pathParameters,
        });
      },
      after: (request) => {
        logger.info('answered', { status: 200, code: 'ok', duration_ms: clock.now() - startedAt });
        request.response = reply(200, 'application/json', request.response);
      },
      onError: (request) => {
        const failure = asFailure(request.error);
        const { status, level } = failure.kind;
        const outcome = { status, code: failure.code, duration_ms: clock.now() - startedAt };
        logger[level]('failed', { ...outcome, ...describe(failure) });
        request.response = problem(failure, request.event);
      },
    },
  ];
}

function problem(failure: Failure, event: APIGatewayProxyEventV2): APIGatewayProxyStructuredResultV2 {
  const { kind, code, message, exchangeCode, members } = failure;
  const retryAfter =
    failure.retryAfterMs === undefined ? kind.retryAfterSeconds : Math.ceil(failure.retryAfterMs / 1000);
  const waits = kind.status === 503 && retryAfter !== undefined;
  const body = {
    type: `urn:order-state-snapshots:${code}`,
    title: kind.title,
    status: kind.status,
    detail: kind.status === 500 ? 'This is our fault; the log tells more under the request id.' : message,
    code,
    instance: event.rawPath,
    request_id: event.requestContext.requestId,
    ...(exchangeCode !== undefined && kind.status !== 500 && { exchange_code: exchangeCode }),
    ...members,
  };
  return reply(kind.status, 'application/problem+json', body, waits ? { 'retry-after': String(retryAfter) } : {});
}

function reply(statusCode: number, type: string, body: unknown, headers = {}): APIGatewayProxyStructuredResultV2 {
  return {
    statusCode,
    headers: { 'content-type': type, 'cache-control': 'no-store', ...headers },
    body: writeJson(body),
  };
}

/**
 * What the log may know of a failure. The messages of foreign errors stay out, for nobody promises what they quote;
 * their names, system codes and places in the code are enough to find the fault.
 */
export function describe(failure: Failure): Record<string, unknown> {
  const causes: string[] = [];
  let trace: string | undefined;
  for (let cause = failure.cause; cause instanceof Error && causes.length < 5; cause = cause.cause) {
    const code = 'code' in cause ? String(cause.code) : '';
    causes.push(code === '' ? cause.name : `${cause.name} ${code}`);
    if (failure.kind.status === 500) trace ??= framesOf(cause);
  }
  return {
    detail: failure.message,
    ...(failure.exchangeCode !== undefined && { exchange_code: failure.exchangeCode }),
    ...(causes.length > 0 && { causes }),
    ...(trace !== undefined && { trace }),
  };
}

/** The places in the code: what follows the message, which could itself look like one. */
function framesOf({ stack = '', message }: Error): string {
  const after = stack.slice(stack.indexOf(message) + message.length);
  return after
    .split('\n')
    .filter((line) => /^\s+at /.test(line))
    .join('\n');
}
