import { Buffer } from 'node:buffer';
import type { APIGatewayProxyEventV2, APIGatewayProxyEventV2WithIAMAuthorizer } from 'aws-lambda';
import * as z from 'zod/mini';
import type { LocalRoute } from './assembly.ts';
import type { Match } from './routes.ts';

/** A request as it came over the wire. */
type WireRequest = {
  readonly method: string;
  /** Path and query, undecoded. */
  readonly target: string;
  readonly protocol: string;
  /** Lower-case names; duplicates apart. */
  readonly headers: Readonly<Record<string, readonly string[] | undefined>>;
  readonly body: Buffer;
  readonly sourceIp: string;
};

/** What the gateway knows besides the request. */
type TestEnvironment = {
  readonly accountId: string;
  readonly apiId: string;
  readonly port: number;
  readonly requestId: string;
  readonly traceId: string;
  readonly now: number;
};

/** A response ready for the wire. */
export type WireResponse = {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly cookies: readonly string[];
  readonly body: Buffer;
};

/**
 * Decodes a path before any route is looked for, as HTTP APIs do: `%2F` therefore separates segments, and a client who
 * means a slash inside a parameter would have to encode it twice. Undefined for a path that cannot be decoded.
 */
export function decodePath(target: string): string | undefined {
  const [path = ''] = target.split('?', 1);
  try {
    return decodeURIComponent(path);
  } catch {
    return undefined;
  }
}

/** The query as the event has it: decoded, duplicates joined by commas. Undefined when it cannot be decoded. */
export function decodeQuery(rawQueryString: string): Record<string, string> | undefined {
  const parameters = new Map<string, string>();
  for (const pair of rawQueryString.split('&').filter((part) => part !== '')) {
    const [name = '', ...value] = pair.split('=').map((part) => part.replaceAll('+', ' '));
    try {
      const decoded = decodeURIComponent(value.join('='));
      const key = decodeURIComponent(name);
      const before = parameters.get(key);
      parameters.set(key, before === undefined ? decoded : `${before},${decoded}`);
    } catch {
      return undefined;
    }
  }
  return Object.fromEntries(parameters);
}

/** Makes the event that a function gets, in payload format 2.0; undefined when the path or query cannot be decoded. */
export function toEvent(
  request: WireRequest,
  { route, pathParameters }: Match<LocalRoute>,
  around: TestEnvironment,
): APIGatewayProxyEventV2 | undefined {
  const rawPath = decodePath(request.target);
  const rawQueryString = request.target.split('?').slice(1).join('?');
  const query = decodeQuery(rawQueryString);
  if (rawPath === undefined || query === undefined) return undefined;

  const { cookie, ...others } = request.headers;
  const headers = {
    ...Object.fromEntries(
      Object.entries(others)
        .filter(([name]) => !hopByHop.has(name))
        .map(([name, values = []]) => [name, values.join(',')]),
    ),
    'content-length': String(request.body.length),
    'x-amzn-trace-id': around.traceId,
    'x-forwarded-for': request.sourceIp,
    'x-forwarded-port': String(around.port),
    'x-forwarded-proto': 'http',
  };
  const cookies = cookie?.flatMap((line) => line.split(/; */)).filter((item) => item !== '');
  const domainName = others['host']?.[0]?.replace(/:\d+$/, '') ?? '127.0.0.1';
  const binary = request.body.length > 0 && !isText(others['content-type']?.[0]);
  return {
    version: '2.0',
    routeKey: route.key,
    rawPath,
    rawQueryString,
    ...(cookies === undefined ? {} : { cookies }),
    headers,
    ...(Object.keys(query).length === 0 ? {} : { queryStringParameters: query }),
    requestContext: {
      accountId: around.accountId,
      apiId: around.apiId,
      ...(route.iam ? { authorizer: { iam: unsignedCaller(around.accountId) } } : {}),
      domainName,
      domainPrefix: domainName.split('.', 1)[0] ?? domainName,
      http: {
        method: request.method,
        path: rawPath,
        protocol: request.protocol,
        sourceIp: request.sourceIp,
        userAgent: others['user-agent']?.[0] ?? '',
      },
      requestId: around.requestId,
      routeKey: route.key,
      stage: '$default',
      time: logTime(around.now),
      timeEpoch: around.now,
    },
    ...(pathParameters === undefined ? {} : { pathParameters: { ...pathParameters } }),
    ...(request.body.length === 0 ? {} : { body: request.body.toString(binary ? 'base64' : 'utf8') }),
    isBase64Encoded: binary,
  };
}

/** They concern one connection, which ends at the gateway. */
const hopByHop = new Set(['connection', 'expect', 'keep-alive', 'te', 'trailer', 'transfer-encoding', 'upgrade']);

/** The local endpoint checks no signature: every caller is this one. */
function unsignedCaller(
  accountId: string,
): APIGatewayProxyEventV2WithIAMAuthorizer['requestContext']['authorizer']['iam'] {
  return {
    accessKey: 'ASIALOCAL',
    accountId,
    callerId: 'AROALOCAL:local',
    cognitoIdentity: null,
    principalOrgId: '',
    userArn: `arn:aws:sts::${accountId}:assumed-role/local/local`,
    userId: 'AROALOCAL:local',
  };
}

/** HTTP APIs pass these on as text and everything else, an unnamed type included, as base64. */
function isText(contentType: string | undefined): boolean {
  return /^\s*(text\/[^;]+|application\/(json|xml|javascript))\s*(;|$)/i.test(contentType ?? '');
}

/** `10/Jul/2026:19:19:05 +0000` */
function logTime(now: number): string {
  const [, day, month, year, time] = /^\w+, (\d+) (\w+) (\d+) ([\d:]+)/.exec(new Date(now).toUTCString()) ?? [];
  return `${day}/${month}/${year}:${time} +0000`;
}

const ProxyResult = z.object({
  statusCode: z.coerce.number().check(z.int(), z.gte(200), z.lte(599)),
  headers: z.nullish(z.record(z.string(), z.union([z.string(), z.number(), z.boolean()]))),
  cookies: z.nullish(z.array(z.string())),
  body: z.nullish(z.string()),
  isBase64Encoded: z.nullish(z.boolean()),
});

/** Reads what a function returned as an HTTP response; undefined when it cannot be one, which is a 500. */
export function fromResult(payload: string): WireResponse | undefined {
  const result: unknown = JSON.parse(payload);
  if (typeof result !== 'object' || result === null || !('statusCode' in result)) {
    const body = Buffer.from(typeof result === 'string' ? result : payload);
    return { status: 200, headers: { 'content-type': 'application/json' }, cookies: [], body };
  }
  const proxyResult = ProxyResult.safeParse(result);
  if (!proxyResult.success) return undefined;
  const { statusCode, headers, cookies, body, isBase64Encoded } = proxyResult.data;
  return {
    status: statusCode,
    headers: {
      'content-type': 'text/plain; charset=utf-8',
      ...Object.fromEntries(Object.entries(headers ?? {}).map(([name, value]) => [name.toLowerCase(), String(value)])),
    },
    cookies: cookies ?? [],
    body: Buffer.from(body ?? '', isBase64Encoded ? 'base64' : 'utf8'),
  };
}
