import type { PutEventsRequestEntry } from '@aws-sdk/client-eventbridge';
import { writeJson } from '../exchange/json.ts';
import type { TransitionEvent } from './events.ts';
import type { OrderStateChanged } from './schemas.ts';

/** The `source` of every event, for the rules of consumers. */
export const source = 'order-state-snapshots';

/**
 * Bytes of one entry, and of one request. The bus takes 1 MB since January 2026, but not every target and region does; and
 * what is billed are units of 64 KB.
 */
export const maxBytes = 256 * 1024;
const maxEntries = 10;

/**
 * The entry that tells the bus of an event. An order too large for it goes without its `details`; all that is left of it
 * is less than the bus's own limit, for no answer of the exchange is taken that has more than 256 KiB.
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

/** The entries in their order, in batches that one request may carry. */
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
