import type { PutEventsRequestEntry } from '@aws-sdk/client-eventbridge';
import { writeJson } from '../exchange/json.ts';
import type { TransitionEvent } from './events.ts';
import type { OrderStateChanged } from './schemas.ts';

/** The `source` of every event, for the rules of consumers. */
const source = 'order-state-snapshots';

/**
 * Bytes of one entry, and of one request. The bus accepts 1 MB since January 2026, but not every target and region
 * does, and billing is in units of 64 KB.
 */
export const maxBytes = 256 * 1024;
const maxEntries = 10;

/**
 * An event as an entry for the bus. An order too large for an entry is sent without its `details`. The rest is below
 * the bus's own limit, since replies of the exchange above 256 KiB are rejected.
 */
export function entryOf(event: TransitionEvent, busName: string): PutEventsRequestEntry {
  const whole = entryWith(event, event.detail, busName);
  if (event.name !== 'OrderStateChanged' || bytesOf(whole) <= maxBytes) return whole;
  const { details: _, ...to } = event.detail.to;
  const detail: OrderStateChanged = { ...event.detail, to, details_omitted: true };
  return entryWith(event, detail, busName);
}

function entryWith({ name, at }: TransitionEvent, detail: unknown, busName: string): PutEventsRequestEntry {
  return { EventBusName: busName, Source: source, DetailType: name, Time: new Date(at), Detail: writeJson(detail) };
}

/** The entries in order, in batches of at most one request each. */
export function batchesOf(entries: readonly PutEventsRequestEntry[]): readonly PutEventsRequestEntry[][] {
  const batches: PutEventsRequestEntry[][] = [];
  let room = 0;
  for (const entry of entries) {
    const bytes = bytesOf(entry);
    const batch = batches.at(-1);
    if (batch !== undefined && batch.length < maxEntries && bytes <= room) {
      batch.push(entry);
      room -= bytes;
    } else {
      batches.push([entry]);
      room = maxBytes - bytes;
    }
  }
  return batches;
}

/** An entry's size as EventBridge counts it: its texts in UTF-8, and 14 bytes for the time. */
export function bytesOf({ Source = '', DetailType = '', Detail = '' }: PutEventsRequestEntry): number {
  return 14 + [Source, DetailType, Detail].reduce((bytes, text) => bytes + Buffer.byteLength(text), 0);
}
