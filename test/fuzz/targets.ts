import { routes } from '../../lib/api/routes.ts';
import type { Item } from '../../lib/dynamo.ts';
import { deribit } from '../../lib/exchange/dialects/deribit.ts';
import type { Dialect } from '../../lib/exchange/dialects/index.ts';
import { orangex } from '../../lib/exchange/dialects/orangex.ts';
import { isJsonObject } from '../../lib/exchange/json.ts';
import { readReply } from '../../lib/exchange/json-rpc.ts';
import { createListReader } from '../../lib/exchange/open-orders.ts';
import { type Order, orderIdPattern, readOrder } from '../../lib/exchange/order.ts';
import { parseKey } from '../../lib/exchange/stored-key.ts';
import { readBody, readParameters } from '../../lib/http/request.ts';
import { headItem, watchItem } from '../../lib/snapshots/items.ts';
import { readIndexedOrder, readSnapshot, readWatch } from '../../lib/snapshots/read-items.ts';
import { snapshotOf } from '../../lib/snapshots/snapshot.ts';
import { join } from '../../lib/snapshots/watch.ts';
import { transitionOf } from '../../lib/transitions/events.ts';
import { imagesOf } from '../../lib/transitions/stream.ts';
import { seedId, seedReply } from '../emulator/exchange/seed-order.ts';
import { apiEvent } from '../functions/api-events.ts';
import { observationOf, opened } from '../lib/snapshots/observations.ts';
import { streamRecord } from '../lib/transitions/stream-records.ts';
import { mutate, oneOf, type Random, randomBelow } from './mutate.ts';

/** Something that was accepted and should not have been. */
export class Finding extends Error {}

/** Reads one mutated input: returns when it was accepted, throws a `Failure` when it was refused. */
export type Target = { readonly name: string; readonly run: (random: Random) => void };

const now = Date.UTC(2026, 0, 1);

/** The JSON text of each scalar of the result, by its member. Node's own parser, so that no mistake of ours hides itself. */
function scalarsOf(text: string): ReadonlyMap<string, string> {
  const scalars = new Map<string, string>();
  JSON.parse(text, (name: string, value: unknown, context?: { readonly source?: string }) => {
    if (typeof value === 'string') scalars.set(name, value);
    else if (context?.source !== undefined) scalars.set(name, context.source);
    return value;
  });
  return scalars;
}

const quantities = ['price', 'amount', 'filled_amount', 'average_price'] as const;

function requireSame(order: Order, resultText: string): void {
  const scalars = scalarsOf(resultText);
  if (order.order_id !== scalars.get('order_id')) throw new Finding('the order id is not the one in the text');
  for (const field of quantities) {
    const quantity = order[field];
    if (quantity !== undefined && quantity !== scalars.get(field)) throw new Finding(`${field} has other digits`);
  }
}

const reply: Target = {
  name: 'replies',
  run: (random) => {
    const dialect = oneOf<Dialect>(random, orangex, deribit);
    const status = oneOf(random, 200, 200, 400, 401, 429, 500);
    const body = mutate(seedReply, random);
    const { result, resultText } = readReply({ status, body }, { id: 248, dialect, now });
    if (isJsonObject(result)) requireSame(readOrder(result, dialect), resultText);
  },
};

const rows = Array.from({ length: 4 }, (_, i) => seedReply.replace(/^.*"result":/, '').replace(seedId, `ROW-${i}`));
const listReply = `{"id":248,"jsonrpc":"2.0","result":[${rows.map((row) => row.slice(0, -1)).join(', ')}]}`;

const list: Target = {
  name: 'lists',
  run: (random) => {
    const dialect = oneOf<Dialect>(random, orangex, deribit);
    const text = mutate(listReply, random);
    const { stream, read } = createListReader();
    let kept = '';
    for (let at = 0; at < text.length; ) {
      const end = at + 1 + randomBelow(random, 400);
      kept += stream?.take(text.slice(at, end)) ?? text.slice(at, end);
      at = end;
    }
    const { changed } = read(readReply({ status: 200, body: kept }, { id: 248, dialect, now }));
    for (const { orderId, text: rowText } of changed) {
      if (orderId !== scalarsOf(rowText).get('order_id')) throw new Finding('a row has another order id than its text');
    }
  },
};

const key = { account: 'main', orderId: seedId };
const snapshot = snapshotOf(observationOf(key, opened));
const watch = join(undefined, {
  openedAt: now,
  announcedRank: snapshot.rank,
  applied: { rank: snapshot.rank, at: now },
  observations: [{ requestedAt: now, rank: snapshot.rank }],
  listed: { at: now, present: true },
});
const items = [headItem(snapshot), watchItem(key, { watch, revision: 3 }, { minMs: 10_000, maxMs: 600_000 })] as const;

/** An item whose JSON was mutated; the table itself would refuse what is no JSON. */
function mutatedItem(random: Random): Item {
  for (;;) {
    try {
      const item: unknown = JSON.parse(mutate(JSON.stringify(oneOf(random, ...items)), random));
      const { after } = imagesOf({ dynamodb: { NewImage: JSON.parse(JSON.stringify(item)) } });
      if (after !== undefined) return after;
    } catch {
      // Not an item: once more.
    }
  }
}

const item: Target = {
  name: 'items',
  run: (random) => {
    const mutated = mutatedItem(random);
    oneOf<(item: Item) => unknown>(random, readSnapshot, readWatch, readIndexedOrder)(mutated);
  },
};

const event: Target = {
  name: 'events',
  run: (random) => {
    const record = streamRecord(random() < 0.5 ? undefined : items[0], mutatedItem(random));
    transitionOf(imagesOf(record));
  },
};

const request: Target = {
  name: 'requests',
  run: (random) => {
    const orderId = random() < 0.5 ? seedId : mutate(seedId, random);
    const query = mutate(oneOf(random, 'max_age=60', 'since=2026-01-01&limit=10', 'at=1767225600000', ''), random);
    const path = { account: 'main', order_id: orderId };
    const sent = apiEvent(routes.getOrder, { path, query });
    if (random() < 0.5) readParameters(routes.getOrder, sent);
    else readParameters(routes.listSnapshots, sent);
    if (!orderIdPattern.test(orderId)) throw new Finding('an order id that no exchange writes was accepted');
  },
};

const batch: Target = {
  name: 'batches',
  run: (random) => {
    const body = mutate(`{"order_ids":["${seedId}","BTC-1","ETH-2"],"max_age":60}`, random);
    const sent = apiEvent(routes.checkOrders, { path: { account: 'main' }, body });
    const { order_ids: orderIds } = readBody(routes.checkOrders, sent);
    if (!orderIds.every((id) => orderIdPattern.test(id))) throw new Finding('an order id was accepted that is none');
  },
};

const canary = 'canary-7f3a';

const secret: Target = {
  name: 'secrets',
  run: (random) => {
    const text = mutate(`{"client_id":"tester","client_secret":"${canary}"}`, random);
    try {
      const { clientId, clientSecret } = parseKey(text, 'desk/key');
      const scalars = scalarsOf(text.replace(/^\ufeff/, ''));
      if (clientId !== scalars.get('client_id')) throw new Finding('the client id is not the one in the text');
      if (clientSecret.reveal() !== scalars.get('client_secret'))
        throw new Finding('the secret is not the one in the text');
    } catch (thrown) {
      if (String(thrown).includes(canary)) throw new Finding('the error quotes the secret');
      throw thrown;
    }
  },
};

export const targets: readonly Target[] = [reply, list, secret, item, event, request, batch];
