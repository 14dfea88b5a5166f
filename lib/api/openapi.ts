import * as z from 'zod/mini';
import { type Code, errorCatalog } from '../errors.ts';
import * as answers from './responses.ts';
import type { Route } from './routes.ts';

/*
 * The OpenAPI document of the route table: made from the schemas that check the requests and shape the answers, so that
 * it cannot say anything else than they do. No function carries this.
 */

/** An answer that was given, and the JSON that asked for it where there was one. */
export type Example = {
  readonly name: string;
  readonly asked?: unknown;
  readonly status: number;
  /** The answer's media type. */
  readonly type: string;
  readonly value: unknown;
};

export type OpenApiSetting = {
  readonly version: string;
  /** By the names of the routes. */
  readonly examples: Readonly<Record<string, readonly Example[]>>;
};

/** Every status that the gateway answers by itself, and when. */
const gatewayErrors: Readonly<Record<number, string>> = {
  400: 'The path or the query cannot be decoded.',
  401: 'The token is missing, expired or not for this stage.',
  403: 'The signature is missing or wrong, or IAM lets the caller not in.',
  404: 'There is no such route: a slash in a parameter has to be encoded twice.',
  413: 'The request is larger than the gateway takes.',
  429: 'More requests come than the stage lets in.',
  500: 'The function ended without an answer.',
  503: 'No function was free, or it took longer than the gateway waits.',
};

const named = z.registry<{ id: string }>();
for (const [id, schema] of Object.entries(answers)) named.add(schema, { id });

const header = (description: string, schema: object) => ({ description, schema });
const retryAfter = { 'Retry-After': header('Seconds to wait before asking again.', { type: 'integer', minimum: 0 }) };
const conditionalHeaders = {
  ETag: header('Names the state of the order; the same as long as the order does not change.', { type: 'string' }),
  Age: header('Seconds since the exchange last confirmed it, rounded up.', { type: 'integer', minimum: 0 }),
};
const ifNoneMatch = {
  name: 'If-None-Match',
  in: 'header',
  description: 'The ETag of an earlier answer: 304 says that the order is still in that state.',
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
        'A trustworthy, queryable record of what a derivatives exchange says about your orders. Errors are RFC 9457 problems; those of the gateway itself are plain JSON.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: '/', description: "The local door; a deployed stack's own address is its output Url." }],
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
          description: 'AWS Signature Version 4 for execute-api. The local door asks for none.',
        },
        token: {
          type: 'http',
          scheme: 'bearer',
          bearerFormat: 'JWT',
          description:
            'In stages that are set up for tokens, in the place of the signature. A claim of the token lists the accounts that it is good for.',
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
    ...(body && {
      requestBody: {
        required: true,
        content: {
          'application/json': {
            schema: jsonSchemaOf(body),
            examples: byName(right.map((example) => [example.name, example.asked])),
          },
        },
      },
    }),
    responses: responses(route, examples),
  };
}

function responses({ response, conditional, partial, codes }: Route, examples: readonly Example[]) {
  const content = (status: number, type: string, schema: object) => {
    const fitting = examples.filter((example) => example.status === status && example.type === type);
    const values = byName(fitting.map(({ name, value }) => [name, value]));
    return { [type]: { schema, ...(fitting.length > 0 && { examples: values }) } };
  };
  const failed = (status: number) => {
    const ours = codes.filter((code) => errorCatalog[code].status === status);
    const gateway = gatewayErrors[status];
    const sentences = [
      ...ours.map((code) => `${errorCatalog[code].title} (\`${code}\`).`),
      ...(gateway ? [gateway] : []),
    ];
    return {
      description: sentences.join(' '),
      ...(status === 503 && { headers: retryAfter }),
      content: {
        ...(ours.length > 0 && content(status, 'application/problem+json', problemOf(status, ours))),
        ...(gateway && content(status, 'application/json', reference(answers.GatewayError))),
      },
    };
  };
  const statuses = new Set([
    ...codes.map((code) => errorCatalog[code].status),
    ...Object.keys(gatewayErrors).map(Number),
  ]);
  return {
    200: {
      description: 'Answered.',
      ...((conditional || partial) && { headers: conditional ? conditionalHeaders : retryAfter }),
      content: content(200, 'application/json', reference(response)),
    },
    ...(conditional && {
      304: { description: 'Still in the state that the ETag names.', headers: conditionalHeaders },
    }),
    ...Object.fromEntries([...statuses].map((status) => [status, failed(status)])),
  };
}

function byName(values: readonly (readonly [name: string, value: unknown])[]) {
  return Object.fromEntries(
    values.filter(([, value]) => value !== undefined).map(([name, value]) => [name, { value }]),
  );
}

function problemOf(status: number, codes: readonly Code[]) {
  return { allOf: [reference(answers.Problem), { properties: { status: { const: status }, code: { enum: codes } } }] };
}

function reference(schema: z.ZodMiniType) {
  return { $ref: uriOf(named.get(schema)?.id ?? '') };
}

function uriOf(id: string): string {
  return `#/components/schemas/${id}`;
}

/** What remains when a request is read or an answer written: integers for numbers in a query, and so on. */
const asRead = { io: 'output', override: simplify } as const;

function jsonSchemaOf(schema: z.core.$ZodType) {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, asRead);
  return rest;
}

function namedSchemas() {
  const { schemas } = z.toJSONSchema(named, { ...asRead, uri: uriOf });
  return Object.fromEntries(Object.entries(schemas).map(([id, { $schema: _, $id: __, ...schema }]) => [id, schema]));
}

/** Leaves out what says nothing to a reader: every key is a text, every integer is safe, and a format has its pattern. */
function simplify({ jsonSchema }: { readonly jsonSchema: z.core.JSONSchema.BaseSchema }): void {
  delete jsonSchema.propertyNames;
  if (jsonSchema.format === 'date-time') delete jsonSchema.pattern;
  if (jsonSchema.minimum === Number.MIN_SAFE_INTEGER) delete jsonSchema.minimum;
  if (jsonSchema.maximum === Number.MAX_SAFE_INTEGER) delete jsonSchema.maximum;
}
