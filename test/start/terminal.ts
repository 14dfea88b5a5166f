import { styleText } from 'node:util';
import * as z from 'zod/mini';
import { visible } from '../../cdk/ops/visible.ts';
import type { LocalRun } from './run.ts';

/** The API's response about an order, as far as it is shown. */
export const Answer = z.looseObject({
  account: z.string(),
  order: z.looseObject({ order_id: z.string(), details: z.optional(z.record(z.string(), z.unknown())) }),
});
export type Answer = z.infer<typeof Answer>;

// On a terminal only, and not where NO_COLOR is set: styleText looks at both.
const bold = (text: string) => styleText('bold', text);
const dim = (text: string) => styleText('dim', text);

type Row = readonly [name: string, value: string, note: string];

export const title = `\n  ${bold('Order state snapshots')}: starting the whole stack on this machine\n`;

type Standing = {
  readonly dialect: string;
  readonly builtIn: boolean;
  readonly data: string | undefined;
  /** Seconds from one tick of the schedules to the next. */
  readonly every: number;
};

/** What stands where, in the order of the data's way. */
export function standing(run: LocalRun, how: Standing): string {
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
  return rows([
    ['Exchange', run.exchangeUrl, `${how.builtIn ? 'built in, ' : ''}speaks ${how.dialect}`],
    ['Stack', parts, 'as synthesized'],
    ['Table', how.data ?? 'in memory', how.data === undefined ? '--data DIR keeps it' : 'kept'],
    ...checks,
    ['Logs', run.logFile ?? 'in this terminal', ''],
  ]);
}

/** A response of the API as a table: the order's fields, then what we know of it. */
export function snapshot({ account, order: { order_id, details = {}, ...fields }, rank: _, ...known }: Answer): string {
  const further = Object.keys(details);
  const row = ([name, value]: readonly [string, unknown]): Row => [
    visible(name),
    visible(String(value)),
    noteOn(name, value),
  ];
  const ofOrder = Object.entries(further.length === 0 ? fields : { ...fields, details: further.join(', ') }).map(row);
  const ofUs = Object.entries(known).map(row);
  const width = Math.max(...[...ofOrder, ...ofUs].map(([name]) => name.length));
  const heading = `  Order ${bold(visible(order_id))} of account ${bold(account)}, as the exchange says and the table keeps it`;
  return ['', heading, '', rows(ofOrder, width), '', rows(ofUs, width)].join('\n');
}

/** Where it is served, and what to do next. */
export function invitation({ url, awsUrl, stack }: LocalRun, account: string, orderId: string): string {
  const order = `${url}/accounts/${account}/orders/${orderId}`;
  const lines: readonly Row[] = [
    ['Serving', bold(url), ''],
    ['Console', bold(`${url}/`), ''],
    ['Try', bold(`curl ${order}`), ''],
    ...(stack.routes.some(({ key }) => key === watchRoute) ? [watchRow(order)] : []),
    ['Operate', bold(`npm run ops -- orders --account ${account} --endpoint ${awsUrl}`), ''],
  ];
  return ['', rows(lines), '', `  ${dim('Ctrl-C stops')}`, ''].join('\n');
}

const watchRoute = 'PUT /accounts/{account}/orders/{order_id}/watch';

function watchRow(order: string): Row {
  return ['Watch', bold(`curl -X PUT ${order}/watch`), ''];
}

/** Whose orders are about to appear. */
export const demonstration = `  ${dim('A desk now trades in the built-in exchange, to show what can happen; --no-demo leaves it out')}\n`;

function rows(lines: readonly Row[], nameWidth = 8): string {
  const valueWidth = Math.max(...lines.map(([, value, note]) => (note === '' ? 0 : value.length)));
  return lines
    .map(([name, value, note]) =>
      note === ''
        ? `  ${dim(name.padEnd(nameWidth))}   ${value}`
        : `  ${dim(name.padEnd(nameWidth))}   ${value.padEnd(valueWidth)}   ${dim(note)}`,
    )
    .join('\n');
}

function noteOn(name: string, value: unknown): string {
  return name.endsWith('_timestamp') ? new Date(Number(value)).toISOString() : '';
}

function count(things: readonly unknown[], name: string): string {
  return `${things.length} ${name}${things.length === 1 ? '' : 's'}`;
}
