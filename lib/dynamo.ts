import {
  type AttributeValue,
  ConditionalCheckFailedException,
  type DynamoDBClient,
  PutItemCommand,
  type PutItemCommandInput,
  QueryCommand,
  type QueryCommandInput,
  UpdateItemCommand,
  type UpdateItemCommandInput,
} from '@aws-sdk/client-dynamodb';
import { Failure } from './errors.ts';

/** An item in DynamoDB's own form: each attribute with its type. */
export type Item = Readonly<Record<string, AttributeValue>>;

export function number(value: number): { N: string } {
  return { N: String(value) };
}

/** Reads one attribute; `at` says where it is, for the error. Throws `store_corrupt`. */
type Read<Value> = (attribute: AttributeValue | undefined, at: string) => Value;

export const S: Read<string> = (attribute, at) => {
  const text = attribute?.S;
  return typeof text === 'string' ? text : wrong(attribute, at, 'S');
};

/** Times and counts: a number beyond the last moment that a date can represent is neither. */
const maxNumber = 8.64e15;
export const N: Read<number> = (attribute, at) => {
  const digits = attribute?.N;
  const value = typeof digits === 'string' ? Number(digits) : Number.NaN;
  return Math.abs(value) <= maxNumber ? value : wrong(attribute, at, 'N');
};

export const BOOL: Read<boolean> = (attribute, at) => {
  const flag = attribute?.BOOL;
  return typeof flag === 'boolean' ? flag : wrong(attribute, at, 'BOOL');
};

export function L<Value>(read: Read<Value>): Read<Value[]> {
  return (attribute, at) => {
    const list = attribute?.L;
    return Array.isArray(list) ? list.map((each, i) => read(each, `${at}.L.${i}`)) : wrong(attribute, at, 'L');
  };
}

export function M<Value>(read: (members: Attributes) => Value): Read<Value> {
  return (attribute, at) => {
    const map = attribute?.M;
    return typeof map === 'object' && map !== null ? read(attributesOf(map, `${at}.M.`)) : wrong(attribute, at, 'M');
  };
}

export function enumOf<Value extends string>(values: readonly Value[]): Read<Value> {
  return (attribute, at) => {
    const text = S(attribute, at);
    return values.find((value) => value === text) ?? wrong(attribute, at);
  };
}

/** A number that says the version of the item's shape. */
export function schemaOf(version: string): Read<string> {
  return (attribute, at) => (attribute?.N === version ? version : wrong(attribute, at, 'N'));
}

/** Reads the attributes of an item, or of a map in one, by their names. */
export type Attributes = {
  readonly get: <Value>(name: string, read: Read<Value>) => Value;
  /** For one that may be absent. */
  readonly find: <Value>(name: string, read: Read<Value>) => Value | undefined;
};

export function attributesOf(item: Item, prefix = ''): Attributes {
  return {
    get: (name, read) => read(item[name], prefix + name),
    find: (name, read) => (item[name] === undefined ? undefined : read(item[name], prefix + name)),
  };
}

/** Names the attribute and its type, and not its value. */
function wrong(attribute: AttributeValue | undefined, at: string, type?: keyof AttributeValue): never {
  const where = attribute === undefined || type === undefined ? at : `${at}.${type}`;
  throw new Failure('store_corrupt', `An item of the table has a shape that this version cannot read: see ${where}.`);
}

export type TableDeps = { readonly client: Pick<DynamoDBClient, 'send'>; readonly tableName: string };

/** DynamoDB's own limit of an item, bytes: names and values. */
const maxItemBytes = 400 * 1024;

/*
 * Requests to the table. Each is a separate function, so that a bundle holds only those that its function may send. All
 * throw `store_unavailable`, in which case a write may have happened, and `internal` when the role lacks the permission.
 */

type Put = (input: Omit<PutItemCommandInput, 'TableName'>) => Promise<boolean>;

/** Puts an item; `false` when its condition does not hold. Throws `invalid_response` for an item above the limit. */
export function createPut({ client, tableName }: TableDeps): Put {
  return async (input) => {
    refuseOversized(input.Item ?? {});
    try {
      await client.send(new PutItemCommand({ TableName: tableName, ...input }));
      return true;
    } catch (cause) {
      if (cause instanceof ConditionalCheckFailedException) return false;
      throw tableFailure(cause);
    }
  };
}

type Update = (input: Omit<UpdateItemCommandInput, 'TableName' | 'ReturnValues'>) => Promise<Item | undefined>;

/** Updates an item and returns it as it then is; `undefined` when its condition does not hold. */
export function createUpdate({ client, tableName }: TableDeps): Update {
  return async (input) => {
    const command = new UpdateItemCommand({ TableName: tableName, ...input, ReturnValues: 'ALL_NEW' });
    try {
      const { Attributes } = await client.send(command);
      return Attributes ?? {};
    } catch (cause) {
      if (cause instanceof ConditionalCheckFailedException) return undefined;
      throw tableFailure(cause);
    }
  };
}

export type QueryInput = Omit<QueryCommandInput, 'TableName'>;
type QueryPage = { readonly items: readonly Item[]; readonly lastKey: Item | undefined };
export type Query = (input: QueryInput) => Promise<QueryPage>;

/** One page of items; `lastKey` is where the next one starts. */
export function createQuery({ client, tableName }: TableDeps): Query {
  return async (input) => {
    try {
      const { Items = [], LastEvaluatedKey } = await client.send(new QueryCommand({ TableName: tableName, ...input }));
      return { items: Items, lastKey: LastEvaluatedKey };
    } catch (cause) {
      throw tableFailure(cause);
    }
  };
}

/** The failure of a request that DynamoDB did not carry out. */
export function tableFailure(cause: unknown): Failure {
  if (cause instanceof Failure) return cause;
  if (cause instanceof Error && cause.name === 'AccessDeniedException') {
    const text = "DynamoDB denied access to the table. Grant the function's role the missing permission.";
    return new Failure('internal', text, { cause });
  }
  return new Failure('store_unavailable', 'The table did not respond.', { cause });
}

function refuseOversized(item: Item): void {
  const bytes = sizeOf({ M: item });
  if (bytes <= maxItemBytes) return;
  const kilobytes = Math.ceil(bytes / 1024);
  throw new Failure(
    'invalid_response',
    `The order is too large to store: ${kilobytes} KB, but an item holds at most ${maxItemBytes / 1024} KB.`,
  );
}

/** Bytes as DynamoDB counts them, rounded up for numbers. */
function sizeOf({ S, N, M, L }: AttributeValue): number {
  const members = Object.entries(M ?? {}).map(([name, value]) => Buffer.byteLength(name) + sizeOf(value));
  const elements = (L ?? []).map(sizeOf);
  const overhead = M === undefined && L === undefined ? 1 : 3;
  return [...members, ...elements].reduce((sum, bytes) => sum + 1 + bytes, overhead) + Buffer.byteLength(S ?? N ?? '');
}
