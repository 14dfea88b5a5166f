import type { IncomingMessage, ServerResponse } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { isDeepStrictEqual } from 'node:util';
import * as z from 'zod/mini';
import type { Engine } from './engines.ts';
import { createForwarder, type ForwardedResponse, send, startProxy, unknownOperation } from './forward.ts';
import type { LocalStream } from './triggers.ts';

/** An item as it is on the wire. */
type WireItem = Readonly<Record<string, unknown>>;

/** What a write did to one item; `before` is absent when it made it, `after` when it removed it. */
export type Change = {
  readonly tableName: string;
  readonly keys: WireItem;
  readonly before: WireItem | undefined;
  readonly after: WireItem | undefined;
  /** Milliseconds since the Unix epoch. */
  readonly at: number;
};

type TableProxySetting = {
  /** Of the engine that keeps the tables. */
  readonly url: string;
  /** Tables whose changes are reported. */
  readonly streams: readonly LocalStream[];
  /** Called with each change once it is done, those of one partition key in their order. */
  readonly onChange: (change: Change) => void;
};

type Write = { readonly tableName: string; readonly keys: WireItem; readonly partition: string };

const protocol = 'DynamoDB_20120810';
const writes = ['PutItem', 'UpdateItem', 'DeleteItem'];
/** They write several items at once, or in another language: refused, because a change that is not reported would be lost. */
const refusedOperations = [
  'BatchWriteItem',
  'TransactWriteItems',
  'ExecuteStatement',
  'ExecuteTransaction',
  'BatchExecuteStatement',
];

const Item = z.record(z.string(), z.unknown());
const WriteRequest = z.object({ TableName: z.string(), Item: z.optional(Item), Key: z.optional(Item) });
const GetItemResponse = z.object({ Item: z.optional(Item) });

/**
 * Stands between the functions and DynamoDB, and reports what their writes did: the engine has no streams. Everything goes
 * through unchanged, refusals included. The writes to one partition key wait for each other, so that what is read before
 * and after each of them is what it found and what it left.
 */
export async function startTableProxy({ url, streams, onChange }: TableProxySetting): Promise<Engine> {
  const forwarder = createForwarder();
  const keyNames = new Map(streams.map((stream) => [stream.tableName, stream.keyNames]));
  const inTurn = createTurns();

  async function handle(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await buffer(incoming);
    const operation = operationOf(incoming);
    if (refusedOperations.includes(operation)) {
      const why = `${operation} cannot run here: its changes would be missing from the table's stream.`;
      return send(response, unknownOperation(why));
    }
    const write = writes.includes(operation) ? writeIn(body, keyNames) : undefined;
    if (write === undefined) return send(response, await forward(incoming, operation, body));
    await inTurn(write.partition, async () => {
      const before = await read(incoming, write);
      const reply = await forward(incoming, operation, body);
      send(response, reply);
      if (reply.status !== 200) return;
      const after = await read(incoming, write);
      const { tableName, keys } = write;
      // A write that leaves the item as it was is none.
      if (!isDeepStrictEqual(before, after)) onChange({ tableName, keys, before, after, at: Date.now() });
    });
  }

  /** With the writer's credentials. */
  async function read(incoming: IncomingMessage, { tableName, keys }: Write): Promise<WireItem | undefined> {
    const get = Buffer.from(JSON.stringify({ TableName: tableName, Key: keys, ConsistentRead: true }));
    const { status, body } = await forward(incoming, 'GetItem', get);
    // If the key is invalid, the write itself will fail with the reason.
    return status === 200 ? GetItemResponse.parse(JSON.parse(body.toString())).Item : undefined;
  }

  function forward(
    { method, url: path, headers }: IncomingMessage,
    operation: string,
    body: Buffer,
  ): Promise<ForwardedResponse> {
    const target = operation === '' ? {} : { 'x-amz-target': `${protocol}.${operation}` };
    return forwarder.forward({ method, url: path, headers: { ...headers, ...target }, body }, url);
  }

  const proxy = await startProxy(handle);
  return {
    url: proxy.url,
    stop: async () => {
      await proxy.stop();
      forwarder.stop();
    },
  };
}

/** Which item a request writes, when it is one of a table whose changes are reported. */
function writeIn(body: Buffer, keyNames: ReadonlyMap<string, readonly string[]>): Write | undefined {
  const parsed = WriteRequest.safeParse(parse(body));
  if (!parsed.success) return undefined;
  const { TableName: tableName, Item: item, Key: key } = parsed.data;
  const names = keyNames.get(tableName);
  const attributes = item ?? key;
  if (names === undefined || attributes === undefined) return undefined;
  const keys = Object.fromEntries(names.map((name) => [name, attributes[name]]));
  return { tableName, keys, partition: JSON.stringify([tableName, keys[names[0] ?? '']]) };
}

/** Runs work of one key one after the other, and of different keys at once. */
function createTurns(): (key: string, work: () => Promise<void>) => Promise<void> {
  const last = new Map<string, Promise<void>>();
  return (key, work) => {
    const turn = (last.get(key) ?? Promise.resolve()).then(work);
    const ended = turn
      .catch(() => undefined)
      .then(() => {
        if (last.get(key) === ended) last.delete(key);
      });
    last.set(key, ended);
    return turn;
  };
}

function operationOf({ headers }: IncomingMessage): string {
  const target = headers['x-amz-target'];
  return typeof target === 'string' && target.startsWith(`${protocol}.`) ? target.slice(protocol.length + 1) : '';
}

function parse(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString());
  } catch {
    return undefined;
  }
}
