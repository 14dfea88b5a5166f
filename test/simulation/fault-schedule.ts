import type { Fault } from '../emulator/exchange/faults.ts';
import type { Random } from './random.ts';

/** What can be wrong with the whole exchange, or the way to it. */
export type OutageKind = 'refused' | 'dns' | 'silent' | 'html' | 'maintenance' | 'settlement' | 'storm' | 'key';
/** Its kind and time: from (included) to (excluded). */
export type Outage = { readonly kind: OutageKind; readonly from: number; readonly to: number };

export type FaultSchedule = {
  readonly at: (time: number) => OutageKind | undefined;
  /** The longest time without an outage between the two, milliseconds. */
  readonly maxFairMs: (from: number, to: number) => number;
};

const second = 1_000;
const minute = 60 * second;
const hour = 60 * minute;
const day = 24 * hour;
/** Deribit settles at 08:00 UTC. */
const settlementAt = 8 * hour;

export function createFaultSchedule(outages: readonly Outage[]): FaultSchedule {
  const sorted = outages.toSorted((a, b) => a.from - b.from);
  return {
    at: (time) => sorted.find(({ from, to }) => from <= time && time < to)?.kind,
    maxFairMs: (from, to) => {
      let fairSince = from;
      let longest = 0;
      for (const outage of sorted) {
        if (outage.to <= from || outage.from >= to) continue;
        longest = Math.max(longest, outage.from - fairSince);
        fairSince = Math.max(fairSince, outage.to);
      }
      return Math.max(longest, to - fairSince);
    },
  };
}

/** Outages at random: some a day, most of them short, one settlement every morning. */
export function randomOutages(random: Random, start: number, end: number): readonly Outage[] {
  const outages: Outage[] = [];
  for (let noon = Math.floor(start / day) * day; noon < end; noon += day) {
    const from = noon + settlementAt;
    if (from >= start && from < end)
      outages.push({ kind: 'settlement', from, to: from + random.between(20, 150) * second });
  }
  for (let from = start + random.between(0.2, 1.5) * hour; from < end; from += random.between(0.3, 2.2) * hour) {
    const kind = random.pick(['refused', 'dns', 'silent', 'html', 'maintenance', 'storm']);
    outages.push({ kind, from: Math.round(from), to: Math.round(from + lasting(kind, random)) });
  }
  return outages;
}

function lasting(kind: OutageKind, random: Random): number {
  switch (kind) {
    case 'maintenance':
      return random.between(2, 25) * minute;
    case 'storm':
      return random.between(5, 90) * second;
    default:
      return random.chance(0.5) ? random.between(2, 60) * second : random.between(1, 16) * minute;
  }
}

/** What happens to single replies on a fair day. */
export const faultCases: readonly [Fault, ...Fault[]] = [
  { kind: 'drop' },
  { kind: 'drop', reset: true },
  { kind: 'hang' },
  { kind: 'dropAfterHeaders' },
  { kind: 'truncate' },
  { kind: 'html', status: 502 },
  { kind: 'html', status: 200 },
  { kind: 'empty' },
  { kind: 'status', status: 429, retryAfter: 1 },
  { kind: 'status', status: 503, body: 'busy' },
  { kind: 'error', code: 10040 },
  { kind: 'error', code: 10047 },
  { kind: 'error', code: 13028 },
  { kind: 'error', code: 10029 },
  { kind: 'error', code: 9999, withId: false },
  { kind: 'throttle', wait: 1 },
  { kind: 'wrongId' },
  { kind: 'noId' },
  { kind: 'bothResultAndError' },
  { kind: 'neither' },
  { kind: 'otherOrder' },
  { kind: 'duplicateKeys', value: '"expired"' },
  { kind: 'deep', levels: 100 },
  { kind: 'invalidUtf8' },
  { kind: 'gzip' },
  { kind: 'redirect', location: 'http://example.com/' },
  { kind: 'result', text: '{}' },
  { kind: 'result', text: 'null' },
];

/** What happens to lists of open orders on a fair day. */
export const listFaults: readonly [Fault, ...Fault[]] = [
  { kind: 'result', text: '[]' },
  { kind: 'result', text: 'null' },
  { kind: 'omitRow' },
  { kind: 'repeatRow' },
  { kind: 'repeatRow', back: 1 },
  { kind: 'olderRow' },
  { kind: 'spoilRow' },
  { kind: 'spoilRow', text: '{}' },
  { kind: 'truncate' },
  { kind: 'error', code: 9900 },
];
