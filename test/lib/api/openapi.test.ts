import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Validator } from '@seriousme/openapi-schema-validator';
import { stringify } from 'lossless-json';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { openApiOf } from '../../../lib/api/openapi.ts';
import { routes } from '../../../lib/api/routes.ts';
import { type CapturedOutput, captureOutput } from '../captured-output.ts';
import { createChecker, documentFile } from './document.ts';
import { type GivenExample, giveExamples } from './examples.ts';

const manifest: { version: string } = JSON.parse(
  readFileSync(new URL('../../../package.json', import.meta.url), 'utf8'),
);
let examples: readonly GivenExample[];
let document = '';
let output: CapturedOutput;

beforeAll(async () => {
  output = captureOutput();
  examples = await giveExamples();
  const ofRoute = Object.groupBy(examples, ({ operation }) => operation);
  document = `${stringify(openApiOf(routes, { version: manifest.version, examples: ofRoute }), null, 2)}\n`;
});
afterAll(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
  vi.unstubAllEnvs();
  output.release();
});

it('the OpenAPI document is the one in the repository, and `npm run openapi` regenerates it', async () => {
  await expect(document).toMatchFileSnapshot(fileURLToPath(documentFile));
});

it('the OpenAPI document passes a third-party validator', async () => {
  expect(await new Validator().validate(JSON.parse(document))).toEqual({ valid: true });
});

it('the OpenAPI document has real responses as examples, each valid under its schema', () => {
  const { complaints } = createChecker(document);
  for (const example of examples) {
    expect({ name: example.name, complaints: complaints(example.operation, example) }).toEqual({
      name: example.name,
      complaints: [],
    });
  }
});

it.each(Object.keys(routes))('the OpenAPI document has a response and a problem of %s among its examples', (name) => {
  const reported = examples
    .filter(({ operation }) => operation === name)
    .map(({ status, type }) => `${status} ${type}`);
  expect(reported).toContain('200 application/json');
  expect(reported.filter((one) => one.endsWith('application/problem+json'))).not.toEqual([]);
});

it('the OpenAPI document describes the headers of every response', () => {
  const { operations } = createChecker(document);
  const headersOf = (name: string, status: number) => {
    const { responses } = operations.find(({ operationId }) => operationId === name) ?? {};
    return Object.keys(responses?.[status]?.headers ?? {});
  };
  expect(headersOf('getOrder', 304)).toEqual(['ETag', 'Age']);
  expect(headersOf('checkOrders', 200)).toEqual(['Retry-After']);
  expect(headersOf('getOrder', 503)).toEqual(['Retry-After']);
});

describe('checker', () => {
  const judged = (name: string, reported: Parameters<ReturnType<typeof createChecker>['complaints']>[1]) =>
    createChecker(document).complaints(name, reported);

  it.each([
    ['a status that is not described', 418, 'application/json', '{}', 'startWatch never responds with 418'],
    ['another media type', 200, 'text/html', '<h1>', '200 is never text/html'],
    [
      'a field that is not declared',
      500,
      'application/json',
      '{"message":"","key":1}',
      'must NOT have additional properties',
    ],
    ['a field that is missing', 429, 'application/json', '{}', "must have required property 'message'"],
  ])('the checker of responses against the OpenAPI document reports %s', (_, status, type, text, complaint) => {
    expect(judged('startWatch', { status, type, text })).toEqual([complaint]);
  });

  it('the checker of responses against the OpenAPI document reports a code that the status never has', () => {
    const wrong = examples.find(({ name }) => name === 'wrong_order_id');
    const { text = '' } = wrong ?? {};
    const reported = {
      status: 400,
      type: 'application/problem+json',
      text: text.replace('"bad_request"', '"timeout"'),
    };
    expect(judged('stopWatch', reported)).toEqual(['/code must be equal to one of the allowed values']);
  });
});
