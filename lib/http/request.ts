import type { APIGatewayProxyEventV2 } from 'aws-lambda';
import * as z from 'zod/mini';
import { badRequest } from '../api/bad-request.ts';
import type { Route } from '../api/routes.ts';
import { type Json, JsonError, parseJson, writeJson } from '../exchange/json.ts';

/** The gateway gives up after 30 s: by then the exchange must have replied, and the reply must be stored. */
const maxDeadlineMs = 25_000;
const storingMs = 1_500;
/** As much as the exchanges themselves accept. */
const maxBodyBytes = 32 * 1024;

/** The exchange's deadline, milliseconds since the Unix epoch; `remainingMs` is what Lambda leaves this invocation. */
export function deadlineOf(now: number, remainingMs: number): number {
  return now + Math.min(remainingMs - storingMs, maxDeadlineMs);
}

/**
 * Reads the parameters of a route from a request's path and query. Throws `bad_request` for one that is missing,
 * unknown, malformed or repeated; the message names it.
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
  return parseBySchema(parameters, Object.fromEntries(given));
}

/** Reads a request's JSON body by the route's schema. Throws `bad_request`; the message names the member. */
export function readBody<Body extends z.ZodMiniObject>(
  { body }: { readonly body: Body },
  event: APIGatewayProxyEventV2,
): z.output<Body> {
  const text = requestBody(event);
  let given: unknown;
  try {
    given = plainNumbers(parseJson(text));
  } catch (thrown) {
    const doubled = thrown instanceof JsonError ? thrown.doubledKey : undefined;
    if (doubled !== undefined) throw badRequest([{ name: doubled, message: 'is given twice' }]);
    throw badRequest([{ name: 'body', message: 'must be JSON, nested at most 32 deep' }]);
  }
  return parseBySchema(body, given);
}

/** The text of a request's body. Throws `bad_request` when it is too long. */
export function requestBody({ body = '', isBase64Encoded }: APIGatewayProxyEventV2): string {
  const text = isBase64Encoded ? Buffer.from(body, 'base64').toString('utf8') : body;
  if (Buffer.byteLength(text) > maxBodyBytes)
    throw badRequest([{ name: 'body', message: `must be at most ${maxBodyBytes} bytes long` }]);
  return text;
}

/** Parses a value by a schema. Throws `bad_request`; the message names the member that is wrong. */
export function parseBySchema<Schema extends z.ZodMiniObject>(schema: Schema, given: unknown): z.output<Schema> {
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
