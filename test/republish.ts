/**
 * `npm run republish`: makes events again from the snapshot table, for consumers that missed them. An operator's command:
 * the table has no index by time, so it scans the whole of it, at a pace that leaves the table to the checks.
 */
import { setTimeout as wait } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { DynamoDBClient, paginateQuery, paginateScan } from '@aws-sdk/client-dynamodb';
import { EventBridgeClient, type PutEventsRequestEntry } from '@aws-sdk/client-eventbridge';
import type { Item } from '../lib/attributes.ts';
import { systemClock } from '../lib/clock.ts';
import { Failure } from '../lib/errors.ts';
import { headKey, readSnapshot, snapshotPrefix } from '../lib/snapshots/items.ts';
import { createBus } from '../lib/transitions/bus.ts';
import { entryOf } from '../lib/transitions/entry.ts';
import { stateChangesOf } from '../lib/transitions/history.ts';
import { countsOf } from '../lib/transitions/publish.ts';
import { tableOfStage } from './stage-table.ts';

/** Read capacity units a second that this may take from the table. */
const unitsPerSecond = 100;
const attempts = 3;

const help = `Sends the OrderStateChanged events since a time again, made from the snapshot table, with the ids that they had.
Without --yes it only counts them.

  npm run republish -- --since 2026-01-01T12:00:00Z --stage prod            how many there are
  npm run republish -- --since 2026-01-01T12:00:00Z --stage prod --yes      send them

Options
  --since ISO     time from which states were first observed: a date (UTC), or a time with Z or an offset
  --stage NAME    the stage whose table and bus are meant
  --table NAME    the table, if it is not the stage's
  --bus NAME      the event bus, if it is not the stage's
  --region R      AWS region (default: that of the environment or of the AWS profile)
  --yes           send
  --help          show this

It reads the whole table once, at ${unitsPerSecond} read units a second. An order's events keep their order; consumers tell those
that they know by detail.id. Events of watches (OrderMissing and the like) are not in the table and cannot be made again.
Exit codes: 0 done, 1 failed or in part, 2 wrong options.
`;

type Options = {
  readonly since: number;
  readonly stage: string | undefined;
  readonly table: string | undefined;
  readonly bus: string;
  readonly region: string | undefined;
  readonly yes: boolean;
};

/** What an operator reads in one line. */
class Refusal extends Error {}

function readOptions(): Options | 'help' {
  const text = { type: 'string' } as const;
  const flag = { type: 'boolean', default: false } as const;
  const { values } = parseArgs({
    options: { since: text, stage: text, table: text, bus: text, region: text, yes: flag, help: flag },
  });
  const { since = '', stage, table, bus = stage && `order-state-snapshots-${stage}`, region, yes } = values;
  if (values.help) return 'help';
  const time = Date.parse(since);
  if (!/^\d{4}-\d\d-\d\d(T.+(Z|[+-]\d\d:\d\d))?$/.test(since) || Number.isNaN(time))
    throw new Refusal('--since takes a date, or a time with Z or an offset, such as 2026-01-01T12:00:00Z');
  if (!bus || (stage ?? table) === undefined) throw new Refusal('give --stage, or both --table and --bus');
  return { since: time, stage, table, bus, region, yes };
}

async function republish({ since, stage, table, bus: busName, region, yes }: Options): Promise<0 | 1> {
  // An operator's own credentials: a profile, single sign-on, whatever the SDK finds.
  const config = {
    ...(region !== undefined && { region }),
    requestHandler: { connectionTimeout: 3_000, requestTimeout: 10_000, throwOnRequestTimeout: true },
  };
  const dynamodb = new DynamoDBClient(config);
  const send = createBus({ client: new EventBridgeClient(config), clock: systemClock });
  const counts = new Map<string, number>();
  let [scanned, orders, failed, spent] = [0, 0, 0, 0];

  const tableName = table ?? (await tableOfStage(dynamodb, stage ?? ''));
  for await (const keys of changedOrders()) {
    const entries: PutEventsRequestEntry[] = [];
    for (const pk of keys) entries.push(...(await entriesOf(pk)));
    if (yes) await sendAll(entries);
    for (const [name, count] of countsOf(entries)) counts.set(name, (counts.get(name) ?? 0) + count);
    process.stderr.write(`${scanned} items read, ${orders} orders changed since, ${told()}\n`);
  }
  process.stdout.write(
    `${yes ? 'Sent' : 'Would send'} ${told()} of ${orders} orders ${yes ? 'to' : 'on'} ${busName}.\n`,
  );
  if (!yes) process.stdout.write('Nothing was sent: add --yes to send them.\n');
  if (failed > 0) process.stderr.write(`Left out, for they cannot be read: ${failed} of the orders named above.\n`);
  return failed > 0 ? 1 : 0;

  function told(): string {
    return [...counts].map(([name, count]) => `${count} ${name}`).join(', ') || 'no events';
  }

  /** Partition keys of the orders whose head was first observed since, page by page of the table. */
  async function* changedOrders(): AsyncGenerator<readonly string[]> {
    const scan = {
      TableName: tableName,
      FilterExpression: 'sk = :head AND first_observed_at >= :since',
      ProjectionExpression: 'pk',
      ExpressionAttributeValues: { ':head': { S: headKey }, ':since': { N: String(since) } },
      ReturnConsumedCapacity: 'TOTAL',
    } as const;
    for await (const { Items = [], ScannedCount = 0, ConsumedCapacity, LastEvaluatedKey } of paginateScan(
      { client: dynamodb },
      scan,
    )) {
      scanned += ScannedCount;
      orders += Items.length;
      spent += ConsumedCapacity?.CapacityUnits ?? 0;
      yield Items.flatMap(({ pk }) => pk?.S ?? []);
      if (LastEvaluatedKey !== undefined) await wait((spent / unitsPerSecond) * 1000);
      spent = 0;
    }
  }

  /** The events since, of one order; those of an order that cannot be read are none, and it is told. */
  async function entriesOf(pk: string): Promise<readonly PutEventsRequestEntry[]> {
    try {
      const changes = stateChangesOf((await historyOf(pk)).map(readSnapshot));
      return changes.filter(({ at }) => at >= since).map((event) => entryOf(event, busName));
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      failed++;
      process.stderr.write(`${pk}: ${error.message}\n`);
      return [];
    }
  }

  async function historyOf(pk: string): Promise<readonly Item[]> {
    const items: Item[] = [];
    const query = {
      TableName: tableName,
      KeyConditionExpression: 'pk = :pk AND begins_with(sk, :prefix)',
      ExpressionAttributeValues: { ':pk': { S: pk }, ':prefix': { S: snapshotPrefix } },
      ReturnConsumedCapacity: 'TOTAL',
    } as const;
    for await (const { Items = [], ConsumedCapacity } of paginateQuery({ client: dynamodb }, query)) {
      items.push(...Items);
      spent += ConsumedCapacity?.CapacityUnits ?? 0;
    }
    return items;
  }

  async function sendAll(entries: readonly PutEventsRequestEntry[]): Promise<void> {
    let left = entries;
    for (let attempt = 1; ; attempt++) {
      const { accepted, stop } = await send(left, Date.now() + 60_000);
      left = left.slice(accepted);
      if (stop === undefined) return;
      if (attempt >= attempts)
        throw new Error(
          `${busName} stopped taking events (${stop.reason ?? stop.code}) after ${told()}; run this again`,
        );
      await wait(100 * 2 ** attempt);
    }
  }
}

try {
  const options = readOptions();
  if (options === 'help') process.stdout.write(help);
  else process.exitCode = await republish(options);
} catch (error) {
  const [line] = error instanceof Error ? error.message.split('\n') : [];
  const isUsage = error instanceof Refusal || (error instanceof TypeError && 'code' in error);
  process.stderr.write(`${line}${isUsage ? '. See: npm run republish -- --help' : ''}\n`);
  process.exitCode = isUsage ? 2 : 1;
}
