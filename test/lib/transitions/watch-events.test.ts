import { expect, it } from 'vitest';
import { join, statusOf, type Watch, type WatchDelta, type WatchStatus } from '../../../lib/snapshots/watch.ts';
import { transitionOf } from '../../../lib/transitions/events.ts';
import { type EventName, WatchChanged } from '../../../lib/transitions/schemas.ts';
import { imagesOf } from '../../../lib/transitions/stream.ts';
import { seedId } from '../../emulator/exchange/seed-order.ts';
import { start } from '../snapshots/observations.ts';
import { watchRecord } from './stream-records.ts';

const key = { account: 'main', orderId: seedId };

const at = (after: number, phase: 0 | 1 | 2) => `${start + after}.0000000001.${phase}.x`;
const seen = (after: number, phase: 0 | 1 | 2, requestedAt = start + after): WatchDelta => ({
  openedAt: start,
  announcedRank: at(after, phase),
  applied: { rank: at(after, phase), at: requestedAt },
  observations: [{ requestedAt, rank: at(after, phase) }],
});
const watchOf = (...all: readonly WatchDelta[]): Watch => all.reduce<Watch>(join, join(undefined, { openedAt: start }));
const notFoundAt: WatchDelta = { openedAt: start, notFoundAt: [start + 50_000] };
const below = [20_000, 30_000].map((requestedAt) => ({
  ...seen(1, 0, start + requestedAt),
  applied: seen(1, 0).applied,
}));
const command = (stopped: boolean): WatchDelta => ({
  openedAt: start,
  operator: { at: start + 60_000 + (stopped ? 0 : 1), by: 'anna', stopped },
});

const watches = {
  none: undefined,
  unconfirmed: watchOf(),
  watched: watchOf(seen(1, 0)),
  unknown: watchOf(seen(1, 1)),
  missing: watchOf(seen(1, 0), notFoundAt),
  inconsistent: watchOf(seen(2, 0), ...below.map(({ applied: _, ...delta }) => delta)),
  final: watchOf(seen(3, 2)),
  stopped: watchOf(seen(1, 0), command(true)),
} as const satisfies Record<WatchStatus | 'none', Watch | undefined>;

const turns: readonly (readonly [keyof typeof watches, WatchStatus, EventName | undefined])[] = [
  ['none', 'unconfirmed', 'WatchStarted'],
  ['none', 'watched', 'WatchStarted'],
  ['none', 'unknown', 'OrderStateUnknown'],
  ['unconfirmed', 'watched', undefined],
  ['unconfirmed', 'final', undefined],
  ['unconfirmed', 'stopped', 'WatchStopped'],
  ['watched', 'missing', 'OrderMissing'],
  ['watched', 'unknown', 'OrderStateUnknown'],
  ['watched', 'inconsistent', 'OrderInconsistent'],
  ['watched', 'final', undefined],
  ['watched', 'stopped', 'WatchStopped'],
  ['unknown', 'watched', undefined],
  ['unknown', 'final', undefined],
  ['unknown', 'missing', 'OrderMissing'],
  ['missing', 'watched', 'OrderFound'],
  ['missing', 'final', 'OrderFound'],
  ['missing', 'unknown', 'OrderFound'],
  ['missing', 'inconsistent', 'OrderFound'],
  ['missing', 'stopped', 'WatchStopped'],
  ['inconsistent', 'watched', 'OrderConsistent'],
  ['inconsistent', 'final', 'OrderConsistent'],
  ['inconsistent', 'missing', 'OrderMissing'],
  ['inconsistent', 'unknown', 'OrderStateUnknown'],
  ['final', 'inconsistent', 'OrderInconsistent'],
  ['stopped', 'watched', 'WatchStarted'],
  ['stopped', 'missing', 'OrderMissing'],
  ['stopped', 'final', 'WatchStarted'],
];

it.each(turns)('the event of a watch whose status changes from %s to %s is %s', (from, to, name) => {
  expect(watches[from] && statusOf(watches[from])).toBe(from === 'none' ? undefined : from);
  expect(statusOf(watches[to])).toBe(to);
  const event = transitionOf(imagesOf(watchRecord(key, watches[from], watches[to])));
  expect(event?.name).toBe(name);
  if (event === undefined) return;
  expect(WatchChanged.parse(event.detail)).toMatchObject({
    id: `main#${seedId}#watch#${from}>${to}#7`,
    from: from === 'none' ? null : from,
    to,
    revision: 7,
  });
});

it('the event of a watch whose status changes says when the status changed, when and in which state the order was last seen, and who gave the command', () => {
  const event = transitionOf(imagesOf(watchRecord(key, watches.watched, watches.stopped)));
  expect(event?.detail).toMatchObject({
    changed_at: '2026-01-01T00:01:00.000Z',
    checked_at: '2026-01-01T00:00:00.001Z',
    rank: at(1, 0),
    operator: { by: 'anna', at: '2026-01-01T00:01:00.000Z' },
  });
});

it.each(['list', 'request', 'person'] as const)(
  'the event of a watch whose status changes says that the watch of a new order was started by a %s',
  (startedBy) => {
    for (const delta of [{ openedAt: start }, { openedAt: start, announcedRank: at(1, 0) }]) {
      const event = transitionOf(imagesOf(watchRecord(key, undefined, join(undefined, { ...delta, startedBy }))));
      expect(event).toMatchObject({ name: 'WatchStarted', detail: { started_by: startedBy } });
    }
  },
);

it('the event of a watch whose status changes says that a person resumed a stopped watch, whatever had started it first', () => {
  const resumed = join({ ...watches.stopped, startedBy: 'list' }, command(false));
  const event = transitionOf(imagesOf(watchRecord(key, watches.stopped, resumed)));
  expect(event).toMatchObject({ name: 'WatchStarted', detail: { started_by: 'person', operator: { by: 'anna' } } });
});

it('the event of a watch whose status changes does not exist for an order that is final when it is first seen', () => {
  const announced = join(undefined, { openedAt: start, startedBy: 'request', announcedRank: at(1, 2) });
  expect(statusOf(announced)).toBe('watched');
  expect(transitionOf(imagesOf(watchRecord(key, undefined, announced)))).toBeUndefined();
});

it.each(Object.values(watches).filter((watch) => watch !== undefined))(
  'a watch whose status stays the same has no event',
  (watch) => {
    expect(transitionOf(imagesOf(watchRecord(key, watch, watch)))).toBeUndefined();
  },
);
