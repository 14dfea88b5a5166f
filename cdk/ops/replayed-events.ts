import type { PutEventsRequestEntry } from '@aws-sdk/client-eventbridge';
import type { Clock } from '../../lib/clock.ts';
import { Failure } from '../../lib/errors.ts';
import { headKey, snapshotPrefix } from '../../lib/snapshots/items.ts';
import { readSnapshot } from '../../lib/snapshots/read-items.ts';
import type { Bus } from '../../lib/transitions/bus.ts';
import { entryOf } from '../../lib/transitions/entry.ts';
import { stateChangesOf } from '../../lib/transitions/history.ts';
import { countsOf } from '../../lib/transitions/publish.ts';
import type { TableReader } from './table-reader.ts';

export type EventsAgain = {
  readonly reader: TableReader;
  /** Absent: the events are counted and not sent. */
  readonly send: Bus | undefined;
  readonly busName: string;
  /** From when on states were first observed; milliseconds since the Unix epoch. */
  readonly since: number;
  readonly clock: Clock;
  /** Hears after each page of the table how far it is, and of each order that cannot be read. */
  readonly log: (text: string) => void;
};

/** What became of it; `failed` counts the orders that cannot be read. */
export type SentAgain = {
  readonly events: Readonly<Record<string, number>>;
  readonly orders: number;
  readonly failed: number;
};

const attempts = 3;

/**
 * Makes the events since a time again from the table and sends them, an order's in their order. The table has no index by
 * time, so it reads the whole of it. Throws when the bus goes on refusing.
 */
export async function sendAgain({ reader, send, busName, since, clock, log }: EventsAgain): Promise<SentAgain> {
  const counts = new Map<string, number>();
  let [scanned, orders, failed] = [0, 0, 0];

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
    await sendAll(entries);
    for (const [name, count] of countsOf(entries)) counts.set(name, (counts.get(name) ?? 0) + count);
    log(`${scanned} items read, ${orders} orders changed since, ${countsText(Object.fromEntries(counts))}\n`);
  }
  return { events: Object.fromEntries(counts), orders, failed };

  /** The events since, of one order; those of an order that cannot be read are none, and it is told. */
  async function entriesOf(pk: string): Promise<readonly PutEventsRequestEntry[]> {
    const history = await reader.query({
      KeyConditionExpression: 'pk = :pk AND begins_with(sk, :prefix)',
      ExpressionAttributeValues: { ':pk': { S: pk }, ':prefix': { S: snapshotPrefix } },
    });
    try {
      const changes = stateChangesOf(history.map(readSnapshot));
      return changes.filter(({ at }) => at >= since).map((event) => entryOf(event, busName));
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      failed++;
      log(`${pk}: ${error.message}\n`);
      return [];
    }
  }

  async function sendAll(entries: readonly PutEventsRequestEntry[]): Promise<void> {
    if (send === undefined) return;
    let left = entries;
    for (let attempt = 1; ; attempt++) {
      const { accepted, stop } = await send(left, clock.now() + 60_000);
      left = left.slice(accepted);
      if (stop === undefined) return;
      if (attempt >= attempts) {
        const before = countsText(Object.fromEntries(counts));
        throw new Error(
          `${busName} stopped taking events (${stop.reason ?? stop.code}) after ${before}; run this again`,
        );
      }
      await clock.sleep(100 * 2 ** attempt);
    }
  }
}

/** How many events of which name, in words. */
export function countsText(events: SentAgain['events']): string {
  return (
    Object.entries(events)
      .map(([name, count]) => `${count} ${name}`)
      .join(', ') || 'no events'
  );
}
