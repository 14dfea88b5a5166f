import { readFileSync } from 'node:fs';
import * as z from 'zod/mini';
import { documentFile } from '../lib/api/document.ts';

/** As much of JSON Schema as the document uses for requests. */
export const Schema = z.object({
  type: z.optional(z.union([z.string(), z.array(z.string())])),
  const: z.optional(z.string()),
  enum: z.optional(z.array(z.string())),
  pattern: z.optional(z.string()),
  format: z.optional(z.string()),
  minimum: z.optional(z.number()),
  maximum: z.optional(z.number()),
  items: z.optional(z.unknown()),
  minItems: z.optional(z.number()),
  maxItems: z.optional(z.number()),
  properties: z.optional(z.record(z.string(), z.unknown())),
  required: z.optional(z.array(z.string())),
});
export type Schema = z.infer<typeof Schema>;

const Parameter = z.object({
  name: z.string(),
  in: z.enum(['path', 'query', 'header']),
  required: z._default(z.boolean(), false),
  schema: Schema,
});
export type Parameter = z.infer<typeof Parameter>;

const Described = z.object({
  operationId: z.string(),
  parameters: z.array(Parameter),
  requestBody: z.optional(z.object({ content: z.object({ 'application/json': z.object({ schema: Schema }) }) })),
});
const Document = z.object({ paths: z.record(z.string(), z.record(z.string(), Described)) });

/** A request that the document describes. */
export type DescribedOperation = {
  readonly name: string;
  readonly method: string;
  readonly path: string;
  /** Of its path and query. */
  readonly parameters: readonly Parameter[];
  readonly body: Schema | undefined;
};

export function readOperations(): readonly DescribedOperation[] {
  const { paths } = Document.parse(JSON.parse(readFileSync(documentFile, 'utf8')));
  return Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, { operationId, parameters, requestBody }]) => ({
      name: operationId,
      method: method.toUpperCase(),
      path,
      parameters: parameters.filter((parameter) => parameter.in !== 'header'),
      body: requestBody?.content['application/json'].schema,
    })),
  );
}
