import type { Item } from '../../lib/dynamo.ts';
import { writeJson } from '../../lib/exchange/json.ts';
import { changesFrom, type FieldChange } from '../../lib/snapshots/changes.ts';
import { currentPrefix, headKey, partitionKey, snapshotPrefix, watchKey } from '../../lib/snapshots/items.ts';
import { updatedAtOfRank } from '../../lib/snapshots/rank.ts';
import { readSnapshot, readWatch, sortKeyOf } from '../../lib/snapshots/read-items.ts';
import type { OrderKey, Snapshot } from '../../lib/snapshots/snapshot.ts';
import { checkedAt, statusOf } from '../../lib/snapshots/watch.ts';
import { iso, isoOrAbsent } from '../../lib/time.ts';
import { visible } from '../../lib/visible.ts';
import { columns } from './columns.ts';
import { addExamples, addNotes } from './command-line.ts';
import type { Context } from './context.ts';
import { duration } from './duration.ts';
import { accountName, createStackCommand, orderIdText, targetOf } from './options.ts';
import { rowOf } from './snapshot-row.ts';
import { openTable } from './stack.ts';
import { createTableReader, type TableReader } from './table-reader.ts';

export function orderCommand({ terminal, clock }: Context) {
  const command = createStackCommand('order')
    .description('Shows the state, the watch and the history of one order, from the table.')
    .argument('<id>', 'id of the order', orderIdText('order'))
    .requiredOption('--account <name>', 'account of the order', accountName)
    .option('--history', "all snapshots, newest first by the exchange's time, and what changed field by field")
    .action(async (orderId, { account, history: withHistory, json, ...options }) => {
      const key = { account, orderId };
      const reader = createTableReader(await openTable(targetOf(options)), clock);
      const current = await read(reader, key, currentPrefix);
      if (current.length === 0) throw new Error(`The table has no order ${orderId} of account ${account}.`);

      const head = current.filter((item) => sortKeyOf(item) === headKey).map(readSnapshot)[0];
      const watch = current.filter((item) => sortKeyOf(item) === watchKey).map(watchRow)[0];
      const history = withHistory
        ? withChanges((await read(reader, key, snapshotPrefix)).map(readSnapshot))
        : undefined;
      if (json) {
        const rows = history?.map(({ snapshot, changes }) => ({ ...rowOf(snapshot), changes }));
        terminal.out(`${writeJson({ account, order_id: orderId, head: head && rowOf(head), watch, history: rows })}\n`);
        return;
      }
      if (head !== undefined) terminal.out(`${columns(shownHead(head))}\n`);
      if (watch !== undefined) terminal.out(columns(rowsOf(watch)));
      for (const { snapshot, changes } of history ?? []) terminal.out(`\n${shownState(snapshot, changes)}`);
    });
  addExamples(
    command,
    ['39004881276768256 --account main --stage prod'],
    ['39004881276768256 --account main --stage prod --history'],
  );
  addNotes(
    command,
    'It reads only the table and never calls the exchange. Exit codes: 0 done, 1 failed or no such order, 2 wrong options.',
  );
  return command;
}

/** Oldest first. */
function read(reader: TableReader, key: OrderKey, prefix: string): Promise<readonly Item[]> {
  return reader.query({
    KeyConditionExpression: 'pk = :pk AND begins_with(sk, :prefix)',
    ExpressionAttributeValues: { ':pk': { S: partitionKey(key) }, ':prefix': { S: prefix } },
    ConsistentRead: true,
  });
}

type State = { readonly snapshot: Snapshot; readonly changes: readonly FieldChange[] };

/** Newest first, each against the one before it; the first one of all has no changes. */
function withChanges(snapshots: readonly Snapshot[]): readonly State[] {
  return snapshots
    .map((snapshot, index) => {
      const before = snapshots[index - 1];
      return { snapshot, changes: before === undefined ? [] : changesFrom(before, snapshot) };
    })
    .toReversed();
}

function watchRow(item: Item) {
  const { watch } = readWatch(item);
  const due = item['list_at']?.N;
  const status = statusOf(watch);
  const { operator, notFoundAt } = watch;
  return {
    status,
    opened_at: iso(watch.openedAt),
    checked_at: isoOrAbsent(checkedAt(watch)),
    [status === 'final' ? 'closed_at' : 'due_at']: due === undefined ? undefined : iso(Number(due)),
    not_found_at: notFoundAt.length > 0 ? notFoundAt.map(iso) : undefined,
    operator: operator && `${operator.stopped ? 'stopped' : 'started'} by ${operator.by} at ${iso(operator.at)}`,
  };
}

function shownHead(head: Snapshot): readonly (readonly string[])[] {
  const { order: shown, account: _, ...known } = rowOf(head);
  const { details, order_id: __, ...fields } = shown;
  return rowsOf({ ...known, ...fields, ...details });
}

function rowsOf(values: object): readonly (readonly string[])[] {
  return Object.entries(values).flatMap(([name, value]) => (value === undefined ? [] : [[name, written(value)]]));
}

/** When it was observed, by the exchange's clock and by ours, by which function, and what changed. */
function shownState({ rank, order, provenance }: Snapshot, changes: readonly FieldChange[]): string {
  const updated = updatedAtOfRank(rank);
  const later = duration(provenance.firstObservedAt - updated);
  const heading = `${iso(updated)}  ${visible(order.order_state)}, first observed ${later} later by ${provenance.observedBy}, request ${provenance.requestId}\n`;
  return heading + columns(changes.map(({ field, from, to }) => ['', field, `${side(from)} → ${side(to)}`]));
}

function side(value: FieldChange['from']): string {
  return value === undefined ? '-' : writeJson(value);
}

function written(value: unknown): string {
  return typeof value === 'string' ? value : writeJson(value);
}
