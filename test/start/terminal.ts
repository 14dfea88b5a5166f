import { styleText } from 'node:util';
import * as z from 'zod/mini';
import { visible } from '../../lib/visible.ts';
import type { LocalRun } from './run.ts';

/** The API's response about an order, as far as it is shown. */
export const OrderResponse = z.looseObject({
  account: z.string(),
  order: z.looseObject({ order_id: z.string(), details: z.optional(z.record(z.string(), z.unknown())) }),
});
export type OrderResponse = z.infer<typeof OrderResponse>;

// On a terminal only, and not where NO_COLOR is set: styleText looks at both.
const bold = (text: string) => styleText('bold', text);
const dim = (text: string) => styleText('dim', text);

type Row = readonly [name: string, value: string, note: string];

export const title = `\n  ${bold('Order state snapshots')}: starting the whole stack\n`;

type RunSettings = {
  readonly dialect: string;
  readonly builtIn: boolean;
  readonly data: string | undefined;
  /** Seconds from one tick of the schedules to the next. */
  readonly every: number;
};

/** What of a run is shown. */
type Running = Pick<LocalRun, 'exchangeUrl' | 'logFile'> & {
  readonly stack: Readonly<
    Record<'routes' | 'functions' | 'tables' | 'secretNames' | 'mappings', readonly unknown[]>
  > & {
    readonly schedules: readonly { readonly expression: string }[];
  };
};

/** What runs where, in the order in which data flows. Widths are in characters; `Infinity` where there is no terminal. */
export function summary(run: Running, how: RunSettings, width: number): string {
  const { routes, functions, tables, secretNames, schedules, mappings } = run.stack;
  const parts = [
    count(routes, 'route'),
    count(functions, 'function'),
    count(tables, 'table'),
    count(secretNames, 'secret'),
    ...(schedules.length === 0 ? [] : [count(schedules, 'schedule')]),
    ...(mappings.length === 0 ? [] : [count(mappings, 'stream')]),
  ].join(', ');
  const [schedule] = schedules;
  const checks: readonly Row[] =
    schedule === undefined ? [] : [['Checks', `every ${how.every} s`, `${schedule.expression} on AWS`]];
  const lines: readonly Row[] = [
    ['Exchange', run.exchangeUrl, `${how.builtIn ? 'built in, ' : ''}speaks ${how.dialect}`],
    ['Stack', parts, 'as synthesized'],
    ['Table', how.data ?? 'in memory', how.data === undefined ? '--data FOLDER to keep it' : 'kept'],
    ...checks,
    ['Logs', run.logFile ?? 'in this terminal', ''],
  ];
  return rows(lines, width);
}

/** A response of the API as a table: the order's fields, then what we know of it. */
export function orderTable(response: OrderResponse, width: number): string {
  const { account, order, rank: _, ...known } = response;
  const { order_id, details = {}, ...fields } = order;
  const further = Object.keys(details);
  const row = ([name, value]: readonly [string, unknown]): Row => [
    visible(name),
    visible(String(value)),
    noteOn(name, value),
  ];
  const ofOrder = Object.entries(further.length === 0 ? fields : { ...fields, details: further.join(', ') }).map(row);
  const ofUs = Object.entries(known).map(row);
  const nameWidth = Math.max(...[...ofOrder, ...ofUs].map(([name]) => name.length));
  const heading = `  Order ${bold(visible(order_id))} of account ${bold(account)}`;
  return ['', heading, '', rows(ofOrder, width, nameWidth), '', rows(ofUs, width, nameWidth)].join('\n');
}

/** Where it is served, and what to do next: addresses and commands in one piece, to be copied, however long. */
export function nextSteps(
  { url, awsUrl, stack }: Pick<LocalRun, 'url' | 'awsUrl' | 'stack'>,
  account: string,
  orderId: string,
): string {
  const order = `${url}/accounts/${account}/orders/${orderId}`;
  const lines: readonly Row[] = [
    ['Serving', bold(url), ''],
    ['Console', bold(`${url}/`), ''],
    ['Try', bold(`curl ${order}`), ''],
    ...(stack.routes.some(({ key }) => key === watchRoute) ? [watchRow(order)] : []),
    ['Operate', bold(`npm run ops -- orders --account ${account} --endpoint ${awsUrl}`), ''],
  ];
  return ['', rows(lines, Infinity), '', `  ${dim('Press Ctrl+C to stop')}`, ''].join('\n');
}

const watchRoute = 'PUT /accounts/{account}/orders/{order_id}/watch';

function watchRow(order: string): Row {
  return ['Watch', bold(`curl -X PUT ${order}/watch`), ''];
}

/** Where the orders that are about to appear come from. */
export const demoNotice = ['A demo now trades on the built-in exchange;', '--no-demo turns it off']
  .map((line) => `  ${dim(line)}\n`)
  .join('');

/** Notes are a column of their own where the terminal has the width, else each is below its value. */
function rows(lines: readonly Row[], width: number, nameWidth = 8): string {
  const valueWidth = Math.max(...lines.map(([, value, note]) => (note === '' ? 0 : value.length)));
  const noteWidth = Math.max(...lines.map(([, , note]) => note.length));
  const indent = 2 + nameWidth + 3;
  const isWide = indent + valueWidth + 3 + noteWidth <= width;
  return lines
    .map(([name, value, note]) => {
      const start = `  ${dim(name.padEnd(nameWidth))}   `;
      if (isWide) return `${start}${note === '' ? value : `${value.padEnd(valueWidth)}   ${dim(note)}`}`;
      const lines = wrapped(value, width - indent);
      return `${start}${[...lines, ...(note === '' ? [] : [dim(note)])].join(`\n${' '.repeat(indent)}`)}`;
    })
    .join('\n');
}

/** Breaks a text at spaces; a word that is longer than a line stays whole. */
function wrapped(text: string, width: number): readonly string[] {
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const longer = `${lines.at(-1)} ${word}`;
    if (lines.length > 0 && longer.length <= width) lines[lines.length - 1] = longer;
    else lines.push(word);
  }
  return lines;
}

function noteOn(name: string, value: unknown): string {
  return name.endsWith('_timestamp') ? new Date(Number(value)).toISOString() : '';
}

function count(things: readonly unknown[], name: string): string {
  return `${things.length} ${name}${things.length === 1 ? '' : 's'}`;
}
