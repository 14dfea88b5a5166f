import type { Logger } from '@aws-lambda-powertools/logger';
import { injectLambdaContext } from '@aws-lambda-powertools/logger/middleware';
import type { MiddlewareObj } from '@middy/core';
import type { APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2 } from 'aws-lambda';
import * as z from 'zod/mini';
import { badRequest } from '../api/bad-request.ts';
import { Problem } from '../api/responses.ts';
import type { Route } from '../api/routes.ts';
import type { Clock } from '../clock.ts';
import { asFailure, Failure } from '../errors.ts';
import { type Json, JsonError, parseJson, writeJson } from '../exchange/json.ts';
import type { Stage } from '../stage.ts';

/** The gateway gives up after 30 s: the exchange must have answered before, and the answer must have been kept. */
const maxDeadlineMs = 25_000;
const keepingMs = 1_500;
/** As much as the exchanges themselves take. */
const maxBodyBytes = 32 * 1024;

/** Until when the exchange may answer, milliseconds since the Unix epoch; `remainingMs` is the Lambda's. */
export function deadlineOf(now: number, remainingMs: number): number {
  return now + Math.min(remainingMs - keepingMs, maxDeadlineMs);
}

/**
 * Reads the parameters in a request's path and query: those of the route, each once.
 * Throws `bad_request` with a sentence that names the parameter.
 */
export function readParameters<Parameters extends Route['parameters']>(
  { parameters }: { readonly parameters: Parameters },
  event: APIGatewayProxyEventV2,
): z.output<Parameters> {
  const given = new Map(Object.entries(event.pathParameters ?? {}));
  for (const [name, value] of new URLSearchParams(event.rawQueryString)) {
    if (given.has(name)) throw badRequest([{ name, message: 'is given twice' }]);
    given.set(name, value);
  }
  return checked(parameters, Object.fromEntries(given));
}

/** Reads a request's JSON as the route has it. Throws `bad_request` with a sentence that names what is wrong in it. */
export function readBody<Body extends z.ZodMiniObject>(
  { body }: { readonly body: Body },
  event: APIGatewayProxyEventV2,
): z.output<Body> {
  const text = bodyOf(event);
  let given: unknown;
  try {
    given = plainNumbers(parseJson(text));
  } catch (thrown) {
    const doubled = thrown instanceof JsonError ? thrown.doubledKey : undefined;
    if (doubled !== undefined) throw badRequest([{ name: doubled, message: 'is given twice' }]);
    throw badRequest([{ name: 'body', message: 'must be JSON, nested at most 32 deep' }]);
  }
  return checked(body, given);
}

/** The text of a request's body. Throws `bad_request` when it is too long. */
export function bodyOf({ body = '', isBase64Encoded }: APIGatewayProxyEventV2): string {
  const text = isBase64Encoded ? Buffer.from(body, 'base64').toString('utf8') : body;
  if (Buffer.byteLength(text) > maxBodyBytes)
    throw badRequest([{ name: 'body', message: `must be at most ${maxBodyBytes} bytes long` }]);
  return text;
}

/** What was given, as the schema has it. Throws `bad_request` with a sentence that names what is wrong in it. */
export function checked<Schema extends z.ZodMiniObject>(schema: Schema, given: unknown): z.output<Schema> {
  const parsed = z.safeParse(schema, given);
  if (parsed.success) return parsed.data;
  throw badRequest(
    parsed.error.issues.flatMap((issue) => {
      if (issue.code === 'unrecognized_keys') return issue.keys.map((name) => ({ name, message: 'is unknown here' }));
      const [name = 'body', ...within] = issue.path.map(String);
      if (isMissing(given, name)) return { name, message: 'is missing' };
      return { name, message: within.length > 0 ? `has an item that ${issue.message}` : issue.message };
    }),
  );
}

function isMissing(given: unknown, name: string): boolean {
  return typeof given === 'object' && given !== null && !Array.isArray(given) && name !== 'body' && !(name in given);
}

/** A request's numbers are counts and seconds: a double holds them. */
function plainNumbers(value: Json): unknown {
  return JSON.parse(writeJson(value));
}

const Authorizer = z.object({
  authorizer: z.optional(
    z.object({
      iam: z.optional(z.object({ userArn: z.string() })),
      jwt: z.optional(z.object({ claims: z.record(z.string(), z.unknown()) })),
    }),
  ),
});

/** Who made the request, by signature or by token. The local door needs neither and says so in the same place. */
export function callerOf({ requestContext }: APIGatewayProxyEventV2): string {
  const { authorizer } = Authorizer.parse(requestContext);
  const caller = authorizer?.iam?.userArn ?? authorizer?.jwt?.claims['sub'];
  if (typeof caller === 'string') return caller;
  if (authorizer?.jwt !== undefined) {
    throw new Failure(
      'account_forbidden',
      'Your token has no claim sub, which says who asks: what people say is kept with it.',
    );
  }
  throw new Failure('internal', 'The gateway does not say who asks.');
}

/** A token is good for the accounts that its claim lists. The gateway writes a list as `[main desk-2]`. */
function refuseForeignAccount({ requestContext, pathParameters }: APIGatewayProxyEventV2, { auth }: Stage): void {
  if (auth.kind === 'iam') return;
  const account = pathParameters?.['account'] ?? '';
  const claim = Authorizer.parse(requestContext).authorizer?.jwt?.claims[auth.accountsClaim];
  const listed = Array.isArray(claim) ? claim : String(claim ?? '').split(/[\s,[\]]+/);
  if (account !== '' && listed.includes(account)) return;
  throw new Failure('account_forbidden', `The claim ${auth.accountsClaim} of your token does not list this account.`);
}

export type HttpDeps = {
  readonly logger: Logger;
  readonly clock: Clock;
  readonly stage: Stage;
};

/**
 * The one stack around every HTTP handler: it lets nobody at an account that their token does not list, and logs one
 * structured line for each request. What the handler throws becomes `application/problem+json`.
 */
export function http({
  logger,
  clock,
  stage,
}: HttpDeps): MiddlewareObj<APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2>[] {
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
        refuseForeignAccount(event, stage);
      },
      after: ({ response }) => {
        logger.info('answered', { status: response?.statusCode, code: 'ok', duration_ms: clock.now() - startedAt });
      },
      onError: (request) => {
        const failure = asFailure(request.error);
        // A door that speaks another language has answered already.
        request.response ??= problem(failure, request.event);
        const status = request.response?.statusCode;
        logFailure(logger, failure, { status, duration_ms: clock.now() - startedAt });
      },
    },
  ];
}

export function logFailure(logger: Logger, failure: Failure, outcome: Readonly<Record<string, unknown>>): void {
  logger[failure.spec.level]('failed', { ...outcome, code: failure.code, ...describe(failure) });
}

/**
 * The answer of a route: as JSON, digits exact, and nothing but what the route's schema declares. To a request whose
 * If-None-Match names the answer's ETag it says 304.
 */
export function answer<Answer extends Route['answer']>(
  route: { readonly answer: Answer },
  event: APIGatewayProxyEventV2,
  value: z.output<Answer>,
  headers: Readonly<Record<string, string>> = {},
): APIGatewayProxyStructuredResultV2 {
  if (isMatch(event.headers['if-none-match'], headers['etag'])) {
    return { statusCode: 304, headers: { 'cache-control': 'no-store', ...headers } };
  }
  return reply(200, 'application/json', writeJson(z.parse(route.answer, value)), headers);
}

/** Weak comparison (RFC 9110): the same state, whatever the bytes. */
function isMatch(ifNoneMatch: string | undefined, etag: string | undefined): boolean {
  if (ifNoneMatch === undefined || etag === undefined) return false;
  const strong = (tag: string) => tag.trim().replace(/^W\//, '');
  return ifNoneMatch.split(',').some((tag) => tag.trim() === '*' || strong(tag) === strong(etag));
}

function problem(failure: Failure, event: APIGatewayProxyEventV2): APIGatewayProxyStructuredResultV2 {
  const { spec } = failure;
  const retryAfter = retryAfterSeconds(failure);
  const body = {
    ...problemOf(failure),
    instance: event.rawPath,
    request_id: event.requestContext.requestId,
  };
  const headers = spec.status === 503 && retryAfter !== undefined ? { 'retry-after': String(retryAfter) } : {};
  return reply(spec.status, 'application/problem+json', writeJson(z.parse(Problem, body)), headers);
}

/** What a caller may know of a failure, whatever it was a part of. */
export function problemOf(failure: Failure): Omit<Problem, 'instance' | 'request_id'> {
  const { spec, code, message, exchangeCode, members } = failure;
  return {
    type: `urn:order-state-snapshots:${code}`,
    title: spec.title,
    status: spec.status,
    detail: spec.status === 500 ? 'This is our fault; the log tells more under the request id.' : message,
    code,
    ...(exchangeCode !== undefined && spec.status !== 500 && { exchange_code: exchangeCode }),
    ...members,
  };
}

/** How long a caller should wait, by the exchange's word or by our own rule. */
export function retryAfterSeconds({ retryAfterMs, spec }: Failure): number | undefined {
  return retryAfterMs === undefined ? spec.retryAfterSeconds : Math.ceil(retryAfterMs / 1000);
}

export function reply(
  statusCode: number,
  type: string,
  body: string,
  headers: Readonly<Record<string, string>> = {},
): APIGatewayProxyStructuredResultV2 {
  return { statusCode, headers: { 'content-type': type, 'cache-control': 'no-store', ...headers }, body };
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
    if (failure.spec.status === 500) trace ??= framesOf(cause);
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
