import { writeJson } from '../../lib/exchange/json.ts';
import { orderFields } from '../../lib/exchange/order-fields.ts';
import { visible } from '../../lib/visible.ts';
import type { ExportedRow } from './snapshot-row.ts';

const { order_id: _, ...orderColumns } = orderFields;
const csvColumns = [
  'account',
  'order_id',
  ...Object.keys(orderColumns),
  'final',
  'exchange_time',
  'requested_at',
  'first_observed_at',
  'request_id',
  'observed_by',
  'key_version',
  'dialect',
  'rank',
  'digest',
  'details',
];

export const csvHeading = lineOf(csvColumns);

/** One snapshot as a line of RFC 4180. */
export function csvLine({ order: { details, ...fields }, ...known }: ExportedRow): string {
  const cells: Readonly<Record<string, unknown>> = { ...fields, ...known, details: writeJson(details) };
  return lineOf(csvColumns.map((name) => String(cells[name] ?? '')));
}

function lineOf(cells: readonly string[]): string {
  return `${cells.map(cellOf).join(',')}\r\n`;
}

const decimal = /^[+-]?\d+(\.\d+)?([eE][+-]?\d+)?$/;

/**
 * A spreadsheet recognizes a formula by its first character, and the text comes from elsewhere: an apostrophe makes it
 * text. Numbers are not formulas, and keep every digit.
 */
function cellOf(given: string): string {
  const text = visible(given);
  const harmless = /^[=+\-@]/.test(text) && !decimal.test(text) ? `'${text}` : text;
  return /[",]/.test(harmless) ? `"${harmless.replaceAll('"', '""')}"` : harmless;
}
