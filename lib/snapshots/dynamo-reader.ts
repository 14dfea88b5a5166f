import type { Clock } from '../clock.ts';
import { createQuery, type Item, number, type QueryInput, type TableDeps } from '../dynamo.ts';
import { auditPrefix, indexName, listKey, partitionKey, snapshotPrefix, sortKeyAfter, watchKey } from './items.ts';
import { expiresAtOf, readAuditEntry, readIndexedOrder, readSnapshot } from './read-items.ts';
import type { Page, SnapshotReader } from './reader.ts';
import type { OrderKey } from './snapshot.ts';

type DynamoReaderDeps = TableDeps & { readonly clock: Pick<Clock, 'now'> };

type Found = { readonly items: readonly Item[]; readonly more: boolean };

/** The snapshot table in DynamoDB, read only. `items.ts` lists its items and requests. */
export function createDynamoReader({ clock, ...deps }: DynamoReaderDeps): SnapshotReader {
  const queryPage = createQuery(deps);
  return {
    snapshots: async (key, { upTo, below, observedUntil, limit }) => {
      const last = below === undefined ? sortKeyAfter(snapshotPrefix, upTo) : `${snapshotPrefix}${below}`;
      const range = descending(key, snapshotPrefix, last);
      const found = await query({
        ...range,
        ExclusiveStartKey: below === undefined ? undefined : { pk: { S: partitionKey(key) }, sk: { S: last } },
        ...(observedUntil === undefined
          ? { Limit: limit + 1 }
          : {
              FilterExpression: 'first_observed_at <= :observed_by',
              ExpressionAttributeValues: {
                ...range.ExpressionAttributeValues,
                ':observed_by': number(observedUntil),
              },
            }),
      });
      return pageOf(withoutExpired(found, clock.now()), limit, readSnapshot);
    },

    auditEntries: async (key, upTo, limit) => {
      const range = descending(key, auditPrefix, sortKeyAfter(auditPrefix, upTo));
      const { items } = await query({ ...range, Limit: limit });
      return items.map(readAuditEntry);
    },

    list: async (account, list, { after, limit, instrumentName }) => {
      const ofList = { S: listKey(account, list) };
      const start = after && {
        pk: { S: partitionKey({ account, orderId: after.orderId }) },
        sk: { S: watchKey },
        list: ofList,
        list_at: number(after.at),
      };
      const found = await query({
        IndexName: indexName,
        KeyConditionExpression: '#list = :list',
        ExpressionAttributeNames: { '#list': 'list' },
        ScanIndexForward: list !== 'final',
        ExclusiveStartKey: start,
        // A filter leaves few of a page: then whole megabytes are read.
        ...(instrumentName === undefined
          ? { ExpressionAttributeValues: { ':list': ofList }, Limit: limit + 1 }
          : {
              FilterExpression: 'instrument_name = :instrument',
              ExpressionAttributeValues: { ':list': ofList, ':instrument': { S: instrumentName } },
            }),
      });
      return pageOf(found, limit, readIndexedOrder);
    },
  };

  /** One request, unless a filter leaves less than a row and the one that follows it. */
  async function query(input: QueryInput): Promise<Found> {
    const items: Item[] = [];
    let start = input.ExclusiveStartKey;
    do {
      const page = await queryPage({ ...input, ExclusiveStartKey: start });
      items.push(...page.items);
      start = page.lastKey;
    } while (start !== undefined && input.FilterExpression !== undefined && items.length < 2);
    return { items, more: start !== undefined };
  }
}

function descending(key: OrderKey, prefix: string, last: string) {
  return {
    KeyConditionExpression: 'pk = :pk AND sk BETWEEN :first AND :last',
    ExpressionAttributeValues: { ':pk': { S: partitionKey(key) }, ':first': { S: prefix }, ':last': { S: last } },
    ScanIndexForward: false,
    ConsistentRead: true,
  } satisfies QueryInput;
}

/**
 * DynamoDB deletes what has expired days late and in no order: history ends where the first of it stands, so that no
 * state seems to have been current at a time when a deleted one was.
 */
function withoutExpired({ items, more }: Found, now: number): Found {
  const first = items.findIndex((item) => expiresAtOf(item) <= now);
  return first === -1 ? { items, more } : { items: items.slice(0, first), more: false };
}

/** DynamoDB ends a request at 1 MB: then the last item that came is the one that follows. */
function pageOf<Row>({ items, more }: Found, limit: number, read: (item: Item) => Row): Page<Row> {
  const end = Math.min(limit, more ? items.length - 1 : items.length);
  const next = items[end];
  return { rows: items.slice(0, end).map(read), next: next && read(next) };
}
