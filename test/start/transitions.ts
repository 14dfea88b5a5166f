import { styleText } from 'node:util';
import type * as z from 'zod/mini';
import { duration } from '../../cdk/ops/duration.ts';
import { OrderStateChanged, WatchChanged } from '../../lib/transitions/schemas.ts';
import { visible } from '../../lib/visible.ts';

/** An event as the bus has it. */
export type BusEvent = { readonly detailType: string; readonly detail: string };

type TransitionLine = {
  readonly orderId: string;
  readonly what: string;
  readonly style: Parameters<typeof styleText>[0] | undefined;
  /** When the exchange changed the order, milliseconds since the Unix epoch; `undefined` for what only our own record says. */
  readonly at: number | undefined;
};
type State = z.infer<typeof OrderStateChanged>['to'] | NonNullable<z.infer<typeof OrderStateChanged>['from']>;

const columns = { time: 8, after: 8, order: 17, instrument: 19 };
/** What most lines take, from what is shown of an order's first state to that of its edit. */
const oneLine = 110;
/** It is remembered for this many orders what they trade, because events of a watch do not say it. */
const maxRemembered = 1_000;

/** The head of the table, for a terminal of that width in characters. */
export function transitionsHeader(width: number): string {
  return styleText('dim', row(['Time', 'After', 'Order', 'Instrument', 'What changed'], width));
}

/** A watch that a request started says nothing that the order's first state, which follows at once, does not say. */
export function isShown({ detailType, detail }: BusEvent): boolean {
  return detailType !== 'WatchStarted' || WatchChanged.parse(JSON.parse(detail)).started_by !== 'request';
}

/** Makes one line of each event, and two on a terminal of less than `oneLine` characters; `now` is when it is shown. */
export function createTransitionLines(): (event: BusEvent, now: number, width: number) => string {
  const instruments = new Map<string, string>();

  function remember(orderId: string, instrument: string): void {
    instruments.delete(orderId);
    instruments.set(orderId, instrument);
    const [oldest] = instruments.keys();
    if (instruments.size > maxRemembered && oldest !== undefined) instruments.delete(oldest);
  }

  return ({ detailType, detail }, now, width) => {
    const read: unknown = JSON.parse(detail);
    const change = detailType === 'OrderStateChanged' ? OrderStateChanged.parse(read) : undefined;
    if (change !== undefined) remember(change.order_id, change.to.instrument_name ?? '-');
    const line = change === undefined ? ofWatch(detailType, WatchChanged.parse(read)) : ofState(change);
    const what = visible(line.what);
    const instrument = instruments.get(line.orderId) ?? '-';
    const styled = line.style === undefined ? what : styleText(line.style, what);
    const cells = [
      clockTime(now),
      line.at === undefined ? '' : duration(now - line.at),
      visible(line.orderId),
      visible(instrument),
      styled,
    ] as const;
    return row(cells, width);
  };
}

function ofState({ order_id: orderId, from, to, final }: z.infer<typeof OrderStateChanged>): TransitionLine {
  const style = to.order_state === 'filled' ? 'green' : final ? 'cyan' : undefined;
  return { orderId, what: from === null ? first(to, final) : changes(from, to), style, at: to.last_update_timestamp };
}

function first(to: State, final: boolean): string {
  const { order_state: state, order_type: type, direction, amount, price, filled_amount: filled } = to;
  if (final) return `${state} ${progress(to)}`;
  const soFar = isZero(filled) ? '' : `, filled ${progress(to)}`;
  const special = type === undefined || type === 'limit' ? '' : `${type} `;
  return `${state}: ${special}${direction ?? '?'} ${amount ?? '?'} at ${price ?? '?'}${soFar}`;
}

function changes(from: State, to: State): string {
  const average = isZero(to.filled_amount) ? '' : ` at ${to.average_price ?? '?'}`;
  const changed: string[] = [];
  if (to.order_state === 'triggered') changed.push(`${from.order_state} → triggered: a new order was placed`);
  else if (from.order_state !== to.order_state) {
    changed.push(`${from.order_state} → ${to.order_state} ${progress(to)}${average}`);
  } else if (from.filled_amount !== to.filled_amount) {
    changed.push(`filled ${from.filled_amount ?? '0'} → ${progress(to)}${average}`);
  }
  if (from.price !== to.price) changed.push(`price ${from.price ?? '?'} → ${to.price ?? '?'}`);
  if (from.amount !== to.amount) changed.push(`amount ${from.amount ?? '?'} → ${to.amount ?? '?'}`);
  return changed.length === 0 ? `${to.order_state}, updated` : changed.join(', ');
}

const watchEvents: Readonly<Record<string, Pick<TransitionLine, 'what' | 'style'>>> = {
  OrderMissing: { what: 'MISSING', style: 'red' },
  OrderFound: { what: 'found again', style: 'green' },
  OrderStateUnknown: { what: 'UNKNOWN STATE, still watched', style: 'yellow' },
  OrderInconsistent: { what: 'INCONSISTENT, still watched', style: 'yellow' },
  OrderConsistent: { what: 'consistent again', style: 'green' },
  WatchStarted: { what: 'watch started', style: 'dim' },
  WatchStopped: { what: 'watch stopped by an operator', style: 'dim' },
};

const startedBy = {
  list: ': found in the list of open orders',
  request: ' by a request',
  person: ' by an operator',
} as const;

function ofWatch(name: string, change: z.infer<typeof WatchChanged>): TransitionLine {
  const { what, style } = watchEvents[name] ?? { what: name, style: undefined };
  const { changed_at: changedAt, checked_at: checkedAt } = change;
  const seen = checkedAt === undefined ? undefined : duration(Date.parse(changedAt) - Date.parse(checkedAt));
  const lastSeen = name === 'OrderMissing' && seen !== undefined ? `, last seen ${seen} earlier; still watched` : '';
  const by = change.started_by === undefined ? '' : startedBy[change.started_by];
  return { orderId: change.order_id, what: what + lastSeen + by, style, at: undefined };
}

function progress({ filled_amount: filled = '0', amount = '?' }: State): string {
  return `${filled}/${amount}`;
}

function isZero(quantity: string | undefined): boolean {
  return quantity === undefined || Number(quantity) === 0;
}

type Cells = readonly [time: string, after: string, order: string, instrument: string, what: string];

function row([time, after, order, instrument, what]: Cells, width: number): string {
  const cells = [time.padEnd(columns.time), after.padStart(columns.after), order.padEnd(columns.order)];
  if (width >= oneLine) return `  ${[...cells, instrument.padEnd(columns.instrument), what].join('  ')}`;
  return `  ${[...cells, instrument].join('  ')}\n${' '.repeat(2 + columns.time + 2)}${what}`;
}

/** The local time of day. */
function clockTime(time: number): string {
  return new Date(time).toTimeString().slice(0, 8);
}
