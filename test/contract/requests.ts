import { Ajv2020 } from 'ajv/dist/2020.js';
import { fullFormats } from 'ajv-formats/dist/formats.js';
import * as fc from 'fast-check';
import { codePoint } from '../lib/code-point.ts';
import { type DescribedOperation, type Parameter, Schema } from './operations.ts';

/** What exists, so that valid requests find something. */
export type ExistingOrders = {
  readonly account: string;
  readonly version: string;
  readonly orderIds: readonly string[];
};

/** A request, and what is meant by it. */
export type GeneratedRequest = {
  readonly operation: DescribedOperation;
  readonly parameters: readonly (readonly [name: string, value: string])[];
  readonly body?: string;
  /** How it was spoiled, if it was. */
  readonly spoiled?: 'parameter' | 'body' | 'method';
  /** The parameter that its refusal has to name. */
  readonly wrong?: string;
  /** A follow-up request: the next page, or whether anything changed. */
  readonly goesOn: boolean;
};

type Values = Readonly<Record<string, unknown>>;

const ajv = new Ajv2020({ strict: false, formats: fullFormats });

/** Requests of all the operations: six of ten as the document has them, the others spoiled in one way each. */
export function requests(
  operations: readonly DescribedOperation[],
  known: ExistingOrders,
): fc.Arbitrary<GeneratedRequest> {
  // Made once: fast-check takes milliseconds to make a text's arbitrary.
  const validOnes = operations.map((operation) => [operation, valid(operation, known)] as const);
  return fc
    .constantFrom(...validOnes)
    .chain(([operation, arbitrary]) =>
      arbitrary.chain((meant) =>
        fc.oneof(
          { weight: 6, arbitrary: fc.constant(meant) },
          { weight: 3, arbitrary: withParameterSpoiled(meant) },
          { weight: 1, arbitrary: operation.body === undefined ? withMethodSpoiled(meant) : withBodySpoiled(meant) },
        ),
      ),
    );
}

function valid(operation: DescribedOperation, known: ExistingOrders): fc.Arbitrary<GeneratedRequest> {
  const { parameters, body } = operation;
  const required = parameters.filter((parameter) => parameter.required).map(({ name }) => name);
  const each = Object.fromEntries(parameters.map(({ name, schema }) => [name, fits(schema, known, name)]));
  return fc
    .tuple(
      fc.record(each, { requiredKeys: required }).map(consistent),
      body === undefined ? fc.constant(undefined) : fits(body, known),
      fc.boolean(),
    )
    .map(([values, json, goesOn]) => ({
      operation,
      parameters: Object.entries(values).map(([name, value]) => [name, String(value)] as const),
      ...(json !== undefined && { body: JSON.stringify(json) }),
      goesOn,
    }));
}

/** What no schema says: a moment stands alone, a range has its beginning first, and a cursor comes from a page. */
function consistent({ cursor: _, ...values }: Values): Values {
  const { at, believed_at, since, until, limit, ...others } = values;
  const moment = { ...(at !== undefined && { at }), ...(believed_at !== undefined && { believed_at }) };
  if (Object.keys(moment).length > 0) return { ...others, ...moment };
  if (since === undefined || until === undefined) return values;
  const [first, last] = [String(since), String(until)].sort((a, b) => Date.parse(a) - Date.parse(b));
  return { ...values, since: first, until: last };
}

/** Values as the schema has them; those that name something mostly name what exists. */
function fits(schema: Schema, known: ExistingOrders, name = ''): fc.Arbitrary<unknown> {
  const any = ofSchema(schema, known);
  const mostly = (arbitrary: fc.Arbitrary<unknown>) =>
    fc.oneof({ weight: 30, arbitrary }, { weight: 1, arbitrary: any });
  if (name === 'account') return mostly(fc.constant(known.account));
  // Another one has its form, but leads to no exchange.
  if (name === 'version') return fc.constant(known.version);
  if (name === 'order_id') return mostly(fc.constantFrom(...known.orderIds));
  if (name === 'order_ids') return fc.uniqueArray(fc.constantFrom(...known.orderIds), { minLength: 1, maxLength: 5 });
  return any;
}

function ofSchema(schema: Schema, known: ExistingOrders): fc.Arbitrary<unknown> {
  const { type, items, properties, required = [], minimum, maximum, minItems, maxItems } = schema;
  if (schema.const !== undefined) return fc.constant(schema.const);
  if (schema.enum !== undefined) return fc.constantFrom(...schema.enum);
  if (Array.isArray(type)) return fc.oneof(...type.map((one) => ofSchema({ ...schema, type: one }, known)));
  switch (type) {
    case 'integer':
      return fc.integer({ min: minimum ?? 0, max: maximum ?? 1_000_000 });
    case 'number':
      return fc.double({ noNaN: true, noDefaultInfinity: true });
    case 'null':
      return fc.constant(null);
    case 'array':
      return fc.array(ofSchema(Schema.parse(items), known), { minLength: minItems ?? 0, maxLength: maxItems ?? 5 });
    case 'object': {
      const members = Object.entries(properties ?? {}).map(
        ([name, one]) => [name, fits(Schema.parse(one), known, name)] as const,
      );
      return fc.record(Object.fromEntries(members), { requiredKeys: required });
    }
    default:
      return textOf(schema);
  }
}

function textOf({ pattern, format }: Schema): fc.Arbitrary<string> {
  if (format === 'date-time') {
    return fc
      .date({ min: new Date('2010-01-01'), max: new Date('2040-01-01'), noInvalidDate: true })
      .map((date) => date.toISOString());
  }
  if (pattern === undefined) return fc.string({ unit: 'grapheme', maxLength: 20 });
  // A path of dots leads elsewhere before anybody has read it.
  return fc.stringMatching(new RegExp(pattern)).filter((text) => !/^\.*$/.test(text));
}

const hostile = fc.oneof(
  fc.constantFrom(
    '',
    ' ',
    '-1',
    '1.5',
    '0x10',
    '1e9',
    'NaN',
    'null',
    '[]',
    '{}',
    'a/b',
    '%2e%2e',
    "' OR ''='",
    'main#1',
  ),
  fc.constantFrom('\u0000', '\u0007', 'a\r\nx: y', '\u202e', '💥', '١', 'é', 'a'.repeat(2000), '9'.repeat(500)),
  fc.string({ unit: codePoint, maxLength: 80 }),
  fc.integer().map(String),
);

function withParameterSpoiled(meant: GeneratedRequest): fc.Arbitrary<GeneratedRequest> {
  const { parameters, operation } = meant;
  const spoil = (wrong: string, changed: GeneratedRequest['parameters']): GeneratedRequest => ({
    ...meant,
    parameters: changed,
    spoiled: 'parameter',
    wrong,
  });
  const without = (name: string) => parameters.filter(([other]) => other !== name);

  const changed = operation.parameters.map((parameter) =>
    hostile
      .filter((text) => !isValid(parameter, text))
      .map((text) => spoil(parameter.name, [...without(parameter.name), [parameter.name, text]])),
  );
  const unknown = fc
    .constantFrom('surprise', 'orderid', 'MAX_AGE', 'constructor', '__proto__', 'a b', 'é')
    .map((name) => spoil(name, [...parameters, [name, '1']]));
  const twice = parameters.map(([name, value]) => fc.constant(spoil(name, [...parameters, [name, value]])));
  const needed = operation.parameters.filter((parameter) => parameter.required && parameter.in === 'query');
  const missing = needed.map(({ name }) => fc.constant(spoil(name, without(name))));
  const some = [changed, twice].filter((kind) => kind.length > 0).map((kind) => fc.oneof(...kind));
  return fc.oneof(unknown, ...some, ...some, ...missing);
}

function isValid({ schema }: Parameter, text: string): boolean {
  return ajv.validate(schema, schema.type === 'integer' && /^\d+$/.test(text) ? Number(text) : text);
}

const anyJson = fc.jsonValue().map((value) => JSON.stringify(value));
const bytes = fc.string({ unit: codePoint, maxLength: 200 });

function withBodySpoiled(meant: GeneratedRequest): fc.Arbitrary<GeneratedRequest> {
  const { body = '' } = meant;
  const cut = fc.integer({ min: 0, max: body.length - 1 }).map((end) => body.slice(0, end));
  const more = fc.constantFrom('surprise', '__proto__', 'é').map((name) => `{"${name}":1,${body.slice(1)}`);
  const long = fc.constant(`${body}${' '.repeat(33_000)}`);
  const deep = fc.constant(`${'['.repeat(100)}${']'.repeat(100)}`);
  return fc
    .oneof(cut, more, anyJson, long, deep, bytes)
    .map((spoiled) => ({ ...meant, body: spoiled, spoiled: 'body' }));
}

/** No route at all: the gateway's own response. */
function withMethodSpoiled(meant: GeneratedRequest): fc.Arbitrary<GeneratedRequest> {
  return fc
    .constantFrom('PATCH', 'OPTIONS')
    .map((method) => ({ ...meant, operation: { ...meant.operation, method }, spoiled: 'method' }));
}
