import type { PutEventsRequestEntry } from '@aws-sdk/client-eventbridge';
import type { Clock } from '../../lib/clock.ts';
import { Failure } from '../../lib/errors.ts';
import { headKey, snapshotPrefix } from '../../lib/snapshots/items.ts';
import { readSnapshot } from '../../lib/snapshots/read-items.ts';
import { iso } from '../../lib/time.ts';
import { type Bus, createBus } from '../../lib/transitions/bus.ts';
import { entryOf } from '../../lib/transitions/entry.ts';
import { stateChangesOf } from '../../lib/transitions/history.ts';
import { countByEventName } from '../../lib/transitions/publish.ts';
import type { Context } from './context.ts';
import type { Target } from './options.ts';
import { createEvents, findBus, openTable } from './stack.ts';
import { createTableReader, type TableReader } from './table-reader.ts';

type Replay = {
  /** When states were first observed, at the earliest; milliseconds since the Unix epoch. */
  readonly since: number;
  /** Default: the stack's. */
  readonly bus: string | undefined;
  /** Otherwise the events are only counted. */
  readonly send: boolean;
};

/** `events` counts them by name; `unreadable` counts the orders that were left out. */
export type ReplayedEvents = {
  readonly since: number;
  readonly bus: string;
  readonly events: Readonly<Record<string, number>>;
  readonly orders: number;
  readonly unreadable: number;
};

/**
 * Rebuilds the events since a time from the table and sends them, those of an order in sequence. The table has no index
 * by time, so all of it is read. Logs its progress after each page, and each order that cannot be read. Throws when the
 * bus keeps refusing events.
 */
export async function replayEvents(
  { terminal, clock }: Context,
  target: Target,
  { since, bus: named, send }: Replay,
): Promise<ReplayedEvents> {
  const table = await openTable(target);
  const bus = named ?? (await findBus(target, table));
  const reader = createTableReader(table, clock);
  const put = send ? createBus({ client: createEvents(target), clock }) : undefined;
  const counts = new Map<string, number>();
  let [scanned, orders, unreadable] = [0, 0, 0];

  const changed = {
    FilterExpression: 'sk = :head AND first_observed_at >= :since',
    ProjectionExpression: 'pk',
    ExpressionAttributeValues: { ':head': { S: headKey }, ':since': { N: String(since) } },
  };
  for await (const page of reader.scan(changed)) {
    scanned += page.scanned;
    orders += page.items.length;
    const entries: PutEventsRequestEntry[] = [];
    for (const { pk } of page.items) entries.push(...(await entriesOf(pk?.S ?? '')));
    if (put !== undefined) await sendAll(put, entries, bus, clock, () => countsText(Object.fromEntries(counts)));
    for (const [name, count] of countByEventName(entries)) counts.set(name, (counts.get(name) ?? 0) + count);
    terminal.log(`${scanned} items read, ${orders} orders changed since, ${countsText(Object.fromEntries(counts))}\n`);
  }
  return { since, bus, events: Object.fromEntries(counts), orders, unreadable };

  /** None for an order that cannot be read. */
  async function entriesOf(pk: string): Promise<readonly PutEventsRequestEntry[]> {
    const history = await historyOf(reader, pk);
    try {
      const changes = stateChangesOf(history.map(readSnapshot));
      return changes.filter(({ at }) => at >= since).map((event) => entryOf(event, bus));
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      unreadable++;
      terminal.log(`${pk}: ${error.message}\n`);
      return [];
    }
  }
}

/** What was sent, or would be, in a line. */
export function replaySummary({ events, orders, since, bus }: ReplayedEvents, sent: boolean): string {
  const verb = sent ? 'Sent' : 'Would send';
  return `${verb} ${countsText(events)} of ${orders} orders since ${iso(since)} to ${bus}.\n`;
}

function historyOf(reader: TableReader, pk: string) {
  return reader.query({
    KeyConditionExpression: 'pk = :pk AND begins_with(sk, :prefix)',
    ExpressionAttributeValues: { ':pk': { S: pk }, ':prefix': { S: snapshotPrefix } },
  });
}

const attempts = 3;

async function sendAll(
  put: Bus,
  entries: readonly PutEventsRequestEntry[],
  busName: string,
  clock: Clock,
  sentBefore: () => string,
): Promise<void> {
  let left = entries;
  for (let attempt = 1; ; attempt++) {
    const { accepted, stop } = await put(left, clock.now() + 60_000);
    left = left.slice(accepted);
    if (stop === undefined) return;
    if (attempt >= attempts) {
      const reason = stop.reason ?? stop.code;
      throw new Error(`${busName} stopped accepting events (${reason}) after ${sentBefore()}: run this again`);
    }
    await clock.sleep(100 * 2 ** attempt);
  }
}

function countsText(events: ReplayedEvents['events']): string {
  const counts = Object.entries(events).map(([name, count]) => `${count} ${name}`);
  return counts.join(', ') || 'no events';
}
