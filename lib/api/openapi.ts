import * as z from 'zod/mini';
import { type Code, errorCatalog } from '../errors.ts';
import * as accounts from './account-responses.ts';
import * as responses from './responses.ts';
import type { Route } from './routes.ts';

/*
 * The OpenAPI document of the route table, generated from the schemas that check requests and shape responses, so it
 * cannot disagree with them. No function loads this module.
 */

/** A real response, and the JSON body of its request, if there was one. */
export type Example = {
  readonly name: string;
  readonly request?: unknown;
  readonly status: number;
  /** The response's media type. */
  readonly type: string;
  readonly value: unknown;
};

type OpenApiSetting = {
  readonly version: string;
  /** By the names of the routes. */
  readonly examples: Readonly<Record<string, readonly Example[]>>;
};

/** Every status that the gateway itself returns, and when. */
const gatewayErrors: Readonly<Record<number, string>> = {
  400: 'The path or the query cannot be decoded.',
  401: 'The token is missing, expired or not for this stage.',
  403: 'The signature is missing or wrong, or IAM denied the caller.',
  404: 'There is no such route. A slash in a parameter has to be encoded twice.',
  413: 'The request is larger than the gateway accepts.',
  429: 'The request rate exceeds the limit of the stage.',
  500: 'The function ended without a response.',
  503: 'No function was available, or it took longer than the gateway waits.',
};

const named = z.registry<{ id: string }>();
const schemas = [...Object.entries(responses), ...Object.entries(accounts)];
for (const [id, schema] of schemas.filter(([name]) => /^[A-Z]/.test(name))) named.add(schema, { id });

const header = (description: string, schema: object) => ({ description, schema });
const retryAfter = { 'Retry-After': header('Seconds to wait before trying again.', { type: 'integer', minimum: 0 }) };
const conditionalHeaders = {
  ETag: header('Identifies the state of the order, and changes with it.', { type: 'string' }),
  Age: header('Seconds since the exchange last confirmed it, rounded up.', { type: 'integer', minimum: 0 }),
};
const ifNoneMatch = {
  name: 'If-None-Match',
  in: 'header',
  description: 'The ETag of an earlier response: 304 means that the order is still in that state.',
  schema: { type: 'string' },
};

/** The OpenAPI 3.1 document of these routes, as JSON; numbers in the examples stay as they are given. */
export function openApiOf(routes: Readonly<Record<string, Route>>, { version, examples }: OpenApiSetting) {
  const byPath = Object.groupBy(Object.entries(routes), ([, { path }]) => path);
  const paths = Object.entries(byPath).map(([path, entries = []]) => {
    const operations = entries.map(([name, route]) => [
      route.method.toLowerCase(),
      operation(name, route, examples[name] ?? []),
    ]);
    return [path, Object.fromEntries(operations)];
  });
  return {
    openapi: '3.1.0',
    info: {
      title: 'order-state-snapshots',
      version,
      description:
        'A trustworthy, queryable record of your orders on a derivatives exchange. Errors are RFC 9457 problems, except those of the gateway itself, which are plain JSON.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: '/', description: "The local endpoint. A deployed stack's address is its output Url." }],
    security: [{ signature: [] }, { token: [] }],
    paths: Object.fromEntries(paths),
    components: {
      schemas: namedSchemas(),
      securitySchemes: {
        signature: {
          type: 'apiKey',
          in: 'header',
          name: 'Authorization',
          'x-amazon-apigateway-authtype': 'awsSigv4',
          description: 'AWS Signature Version 4 for execute-api. The local endpoint requires none.',
        },
        token: {
          type: 'http',
          scheme: 'bearer',
          bearerFormat: 'JWT',
          description:
            'In stages that use tokens instead of signatures. A claim of the token lists the accounts that it gives access to.',
        },
      },
    },
  };
}

function operation(name: string, route: Route, examples: readonly Example[]) {
  const { summary, description, path, parameters, body, conditional } = route;
  const { required = [] } = jsonSchemaOf(parameters);
  const right = examples.filter(({ status }) => status === 200);
  return {
    operationId: name,
    summary,
    description,
    parameters: [
      ...Object.entries(parameters.shape).map(([parameter, given]) => {
        const { description: message, ...schema } = jsonSchemaOf(given);
        return {
          name: parameter,
          in: path.includes(`{${parameter}}`) ? 'path' : 'query',
          description: message,
          required: required.includes(parameter),
          schema,
        };
      }),
      ...(conditional ? [ifNoneMatch] : []),
    ],
    requestBody: body && {
      required: true,
      content: {
        'application/json': {
          schema: jsonSchemaOf(body),
          examples: byName(right.map((example) => [example.name, example.request])),
        },
      },
    },
    responses: responsesOf(route, examples),
  };
}

function responsesOf({ response, conditional, partial, codes }: Route, examples: readonly Example[]) {
  const content = (status: number, type: string, schema: object) => {
    const fitting = examples.filter((example) => example.status === status && example.type === type);
    const values = byName(fitting.map(({ name, value }) => [name, value]));
    return { [type]: { schema, examples: fitting.length > 0 ? values : undefined } };
  };
  const failed = (status: number) => {
    const matching = codes.filter((code) => errorCatalog[code].status === status);
    const gateway = gatewayErrors[status];
    const sentences = [
      ...matching.map((code) => `${errorCatalog[code].title} (\`${code}\`).`),
      ...(gateway ? [gateway] : []),
    ];
    return {
      description: sentences.join(' '),
      headers: status === 503 ? retryAfter : undefined,
      content: {
        ...(matching.length > 0 && content(status, 'application/problem+json', problemSchema(status, matching))),
        ...(gateway && content(status, 'application/json', reference(responses.GatewayError))),
      },
    };
  };
  const statuses = new Set([
    ...codes.map((code) => errorCatalog[code].status),
    ...Object.keys(gatewayErrors).map(Number),
  ]);
  return {
    200: {
      description: 'Success.',
      headers: conditional ? conditionalHeaders : partial && retryAfter,
      content: content(200, 'application/json', reference(response)),
    },
    304: conditional && {
      description: 'The order is still in the state that the ETag identifies.',
      headers: conditionalHeaders,
    },
    ...Object.fromEntries([...statuses].map((status) => [status, failed(status)])),
  };
}

function byName(values: readonly (readonly [name: string, value: unknown])[]) {
  return Object.fromEntries(
    values.filter(([, value]) => value !== undefined).map(([name, value]) => [name, { value }]),
  );
}

function problemSchema(status: number, codes: readonly Code[]) {
  return {
    allOf: [reference(responses.Problem), { properties: { status: { const: status }, code: { enum: codes } } }],
  };
}

function reference(schema: z.ZodMiniType) {
  return { $ref: uriOf(named.get(schema)?.id ?? '') };
}

function uriOf(id: string): string {
  return `#/components/schemas/${id}`;
}

/** The schemas of parsed requests and of responses: integers for numbers in a query, and so on. */
const asRead = { io: 'output', override: simplify } as const;

function jsonSchemaOf(schema: z.core.$ZodType) {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, asRead);
  return rest;
}

function namedSchemas() {
  const { schemas } = z.toJSONSchema(named, { ...asRead, uri: uriOf });
  return Object.fromEntries(Object.entries(schemas).map(([id, { $schema: _, $id: __, ...schema }]) => [id, schema]));
}

/** Leaves out what is redundant: every key is a string, every integer is safe, a format implies its pattern. */
function simplify({ jsonSchema }: { readonly jsonSchema: z.core.JSONSchema.BaseSchema }): void {
  delete jsonSchema.propertyNames;
  if (jsonSchema.format === 'date-time') delete jsonSchema.pattern;
  if (jsonSchema.minimum === Number.MIN_SAFE_INTEGER) delete jsonSchema.minimum;
  if (jsonSchema.maximum === Number.MAX_SAFE_INTEGER) delete jsonSchema.maximum;
}
