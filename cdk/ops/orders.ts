import { createDynamoAccountReader } from '../../lib/accounts/dynamo-reader.ts';
import { listedOrder } from '../../lib/api/presenters.ts';
import { orderIdPattern } from '../../lib/exchange/order.ts';
import { createReadLatestList } from '../../lib/orders/freshness.ts';
import { createListOrders, type ListedOrder } from '../../lib/orders/list-orders.ts';
import { createDynamoReader } from '../../lib/snapshots/dynamo-reader.ts';
import type { ListPosition } from '../../lib/snapshots/reader.ts';
import { listNames } from '../../lib/snapshots/statuses.ts';
import { iso } from '../../lib/time.ts';
import { visible } from '../../lib/visible.ts';
import { columns } from './columns.ts';
import { addExamples, addNotes, listed, oneOf, UsageError, wholeNumber } from './command-line.ts';
import type { Context } from './context.ts';
import { duration } from './duration.ts';
import { accountName, createStackCommand, targetOf } from './options.ts';
import { requireAccount } from './require-account.ts';
import { openTable } from './stack.ts';

const maxOrders = 1_000;

export function ordersCommand({ terminal, clock }: Context) {
  const command = createStackCommand('orders')
    .description('Lists the orders of an account: watched, in need of attention, or final.')
    .requiredOption('--account <name>', 'the account', accountName)
    .option('--state <state>', listed(listNames), oneOf('--state', listNames), 'live')
    .option('--limit <n>', `orders on a page, 1 to ${maxOrders}`, wholeNumber('--limit', 1, maxOrders), 50)
    .option('--after <cursor>', 'the next page, as the last line of a page says', positionOf)
    .option('--instrument <name>', 'only orders of this instrument')
    .action(async ({ account, state, limit, after, instrument, json, ...options }) => {
      const table = await openTable(targetOf(options));
      const listOrders = createListOrders({
        // The stage's table may hold accounts that it no longer has.
        accounts: { has: () => true },
        reader: createDynamoReader({ ...table, clock }),
        readLatestList: createReadLatestList(createDynamoAccountReader(table), clock),
      });
      const request = { account, state, after, limit, instrumentName: instrument };
      const { orders: rows, next } = await listOrders(request);
      if (rows.length === 0) await requireAccount(table, account);

      const now = clock.now();
      const cursor = next && `${next.at}/${next.orderId}`;
      if (json) {
        const shown = rows.map((entry) => listedOrder(entry, now));
        terminal.out(`${JSON.stringify({ account, state, orders: shown, cursor })}\n`);
        return;
      }
      const heading = [...blotter, state === 'final' ? 'closed' : 'due', 'last checked', 'age'];
      if (rows.length > 0) terminal.out(columns([heading, ...rows.map((entry) => cellsOf(entry, now))]));
      else terminal.out(`Account ${account} has no ${state} orders${after === undefined ? '' : ' after that one'}.\n`);
      if (cursor !== undefined) terminal.out(`More orders: add --after ${cursor}\n`);
    });
  addExamples(
    command,
    ['--account main --stage prod', 'live orders, the next due first'],
    ['--account main --stage prod --state attention', 'missing, unknown and inconsistent orders'],
    ['--account main --stage prod --state final', 'final orders, the latest first'],
  );
  addNotes(
    command,
    `The list comes from an index, which may lag behind the table by moments. Age is the time since the exchange last
confirmed the order. Exit codes: 0 done, 1 failed, 2 wrong options.`,
  );
  return command;
}

function positionOf(given: string): ListPosition {
  const [, at, orderId = ''] = /^(\d{1,13})\/(.+)$/.exec(given) ?? [];
  if (!orderIdPattern.test(orderId))
    throw new UsageError('--after takes the value in the last line of the previous page');
  return { at: Number(at), orderId };
}

const blotter = ['order', 'status', 'state', 'instrument', 'side', 'type', 'price', 'filled', 'amount'];

function cellsOf({ orderId, status, at, checkedAt, summary }: ListedOrder, now: number): readonly string[] {
  const checked = checkedAt === undefined ? ['never', '-'] : [iso(checkedAt), duration(now - checkedAt)];
  const { order_state, instrument_name, direction, order_type, price, filled_amount, amount } = summary ?? {};
  const seen = [order_state, instrument_name, direction, order_type, price, filled_amount, amount];
  return [orderId, status, ...seen.map((value) => visible(value ?? '-')), iso(at), ...checked];
}
