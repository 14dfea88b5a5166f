import { isLosslessNumber, type LosslessNumber, parse, stringify } from 'lossless-json';

/** JSON whose numbers keep their digits as written. */
export type Json = null | boolean | string | LosslessNumber | readonly Json[] | JsonObject;
export type JsonObject = { readonly [key: string]: Json };

/** Deeper than any order is nested; DynamoDB's own limit for maps, and far below what would exhaust the stack. */
const maxDepth = 32;

/** The text is not JSON, is nested too deep, or repeats a key. Never quotes the text, which may be secret. */
export class JsonError extends Error {
  override readonly name = 'JsonError';
  /** The repeated key, if that is the error. Untrusted: it comes from the text. */
  readonly doubledKey: string | undefined;

  constructor(message: string, doubledKey?: string) {
    super(message);
    this.doubledKey = doubledKey;
  }
}

/** Some editors and clients put this mark in front; it is no part of the JSON. */
export function withoutByteOrderMark(text: string): string {
  return text.replace(/^\uFEFF/, '');
}

/** Reads JSON without changing a digit; a byte-order mark in front is skipped. Throws `JsonError`. */
export function parseJson(written: string): Json {
  const json = readJson(written);
  if (json instanceof JsonError) throw json;
  return json;
}

/** The same, with the `JsonError` as the result. */
export function readJson(written: string): Json | JsonError {
  const text = withoutByteOrderMark(written);
  if (nesting(text) > maxDepth) return new JsonError(`JSON is nested deeper than ${maxDepth}`);
  let value: unknown;
  try {
    value = parse(text, null, { onDuplicateKey: refuseDoubledKey });
  } catch (thrown) {
    return thrown instanceof JsonError ? thrown : new JsonError('not well-formed JSON');
  }
  return narrow(value);
}

/** Writes JSON with every digit as it was read; keys keep their order. */
export function writeJson(value: unknown): string {
  return stringify(value) ?? 'null';
}

/** The same JSON for the same content: keys sorted, nothing between tokens. */
export function canonicalJson(value: Json): string {
  return writeJson(sorted(value));
}

export function isJsonObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !isLosslessNumber(value);
}

/** The text of a number or a string, which the exchanges use interchangeably; `undefined` for anything else. */
export function scalarText(value: Json | undefined): string | undefined {
  if (typeof value === 'string') return value;
  return isLosslessNumber(value) ? value.value : undefined;
}

/**
 * The text of one top-level member's value, verbatim, or `undefined` when the object has no such member.
 * `text` must have passed `parseJson`: its grammar is not checked again.
 */
export function memberText(text: string, member: string): string | undefined {
  let depth = 0;
  let key: string | undefined;
  let valueStart = 0;
  for (let i = 0; i < text.length; i++) {
    const char = text[i];
    if (char === '"') {
      const end = stringEnd(text, i);
      if (depth === 1 && key === undefined) key = String(JSON.parse(text.slice(i, end)));
      i = end - 1;
    } else if (char === ':' && depth === 1) {
      valueStart = i + 1;
    } else if ((char === ',' || char === '}') && depth === 1) {
      if (key === member) return text.slice(valueStart, i).trim();
      key = undefined;
    }
    if (char === '{' || char === '[') depth++;
    if (char === '}' || char === ']') depth--;
  }
  return undefined;
}

function nesting(text: string): number {
  let depth = 0;
  let deepest = 0;
  for (let i = 0; i < text.length; i++) {
    const char = text[i];
    if (char === '"') i = stringEnd(text, i) - 1;
    else if (char === '{' || char === '[') deepest = Math.max(deepest, ++depth);
    else if (char === '}' || char === ']') depth--;
  }
  return deepest;
}

/** The index after the closing quote of the string that starts at `start`. */
function stringEnd(text: string, start: number): number {
  let i = start + 1;
  while (i < text.length && text[i] !== '"') i += text[i] === '\\' ? 2 : 1;
  return i + 1;
}

function sorted(value: Json): Json {
  if (Array.isArray(value)) return value.map(sorted);
  if (!isJsonObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, member]) => [key, sorted(member)]),
  );
}

function refuseDoubledKey({ key }: { readonly key: string }): never {
  throw new JsonError('a key with two values', key);
}

/** Narrows the parser's `unknown` to JSON: what is neither a value nor a list is an object. */
function narrow(value: unknown): Json {
  if (value === null || typeof value === 'boolean' || typeof value === 'string' || isLosslessNumber(value))
    return value;
  if (Array.isArray(value)) return value.map(narrow);
  return Object.fromEntries(Object.entries(Object(value)).map(([key, member]) => [key, narrow(member)]));
}
