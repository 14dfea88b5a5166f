import { readFileSync } from 'node:fs';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { fullFormats } from 'ajv-formats/dist/formats.js';
import * as z from 'zod/mini';

const Response = z.looseObject({
  headers: z.optional(z.record(z.string(), z.looseObject({}))),
  content: z.optional(z.record(z.string(), z.looseObject({ examples: z.optional(z.record(z.string(), z.unknown())) }))),
});
const Described = z.looseObject({
  operationId: z.string(),
  responses: z.record(z.string(), Response),
});
const Document = z.looseObject({ paths: z.record(z.string(), z.record(z.string(), Described)) });

/** The OpenAPI document, as the repository has it. */
export const documentFile = new URL('../../../lib/api/openapi.json', import.meta.url);

/** A response, as a client has it. */
export type ReceivedResponse = { readonly status: number; readonly type: string | null; readonly text: string };

/**
 * Checks responses against the document: what a response has that the document does not say of its operation and status,
 * as words; none when it is as described.
 */
export function createChecker(text = readFileSync(documentFile, 'utf8')) {
  const raw: object = JSON.parse(text);
  const { paths } = Document.parse(raw);
  // The document is no schema itself; its parts are found by where they stand in it.
  const ajv = new Ajv2020({ strict: false, allErrors: true, formats: fullFormats });
  ajv.addSchema(raw, 'document');
  const operations = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, { operationId, responses }]) => ({ path, method, operationId, responses })),
  );

  function complaints(operationId: string, { status, type, text }: ReceivedResponse): readonly string[] {
    const operation = operations.find((one) => one.operationId === operationId);
    const response = operation?.responses[status];
    if (operation === undefined || response === undefined) return [`${operationId} never responds with ${status}`];
    if (response.content === undefined) return text === '' ? [] : [`${status} has no content, but came with some`];
    const media = type?.replace(/;.*/, '') ?? '';
    if (response.content[media] === undefined) return [`${status} is never ${media}`];
    const pointer = ['paths', operation.path, operation.method, 'responses', status, 'content', media, 'schema']
      .map((part) => encodeURIComponent(String(part).replaceAll('~', '~0').replaceAll('/', '~1')))
      .join('/');
    const validate = ajv.getSchema(`document#/${pointer}`);
    if (validate === undefined) return [`${status} ${media} has no schema`];
    if (validate(JSON.parse(text)) === true) return [];
    return (validate.errors ?? []).map(({ instancePath, message = '' }) => `${instancePath} ${message}`.trim());
  }

  return { operations, complaints };
}
