import { isDeepStrictEqual } from 'node:util';
import * as z from 'zod/mini';

/** The result of one request: ccxt's order, or the error that it threw. */
type Fetched = { readonly order: unknown } | { readonly error: Error };

export type Comparison = {
  readonly what: string;
  readonly orderId: string;
  /** In the words of ccxt. */
  readonly straight: string;
  readonly through: string;
  readonly same: boolean;
};

const Order = z.object({ status: z.string(), filled: z.number(), amount: z.number() });

export async function fetched(fetching: Promise<unknown>): Promise<Fetched> {
  return fetching.then(
    (order) => ({ order }),
    (thrown) => ({ error: thrown instanceof Error ? thrown : new Error(String(thrown)) }),
  );
}

/** Orders have to be equal in every field that ccxt has, the raw one included; errors have to be of the same class. */
export function compared(what: string, orderId: string, straight: Fetched, through: readonly Fetched[]): Comparison {
  const different = through.find((other) => !isSame(straight, other));
  return {
    what,
    orderId,
    straight: inWords(straight),
    through: inWords(different ?? straight),
    same: different === undefined,
  };
}

function isSame(a: Fetched, b: Fetched): boolean {
  if ('order' in a && 'order' in b) return isDeepStrictEqual(a.order, b.order);
  return 'error' in a && 'error' in b && a.error.constructor === b.error.constructor;
}

function inWords(result: Fetched): string {
  if ('error' in result) return result.error.name;
  const { status, filled, amount } = Order.parse(result.order);
  return `${status} ${filled}/${amount}`;
}

export function tableOf(comparisons: readonly Comparison[]): string {
  const rows = [
    ['Order', 'Id', 'Straight', 'Through us, twice', 'Same'],
    ...comparisons.map(({ what, orderId, straight, through, same }) => [
      what,
      orderId,
      straight,
      through,
      same ? 'yes' : 'NO',
    ]),
  ];
  const widths = [0, 1, 2, 3, 4].map((column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows
    .map((row) => `  ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ')}`.trimEnd())
    .join('\n');
}
