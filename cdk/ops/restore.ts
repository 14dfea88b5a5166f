import { DescribeTableCommand } from '@aws-sdk/client-dynamodb';
import type { Item } from '../../lib/dynamo.ts';
import { Failure } from '../../lib/errors.ts';
import { visible } from '../../lib/visible.ts';
import { addExamples, addNotes, UsageError } from './command-line.ts';
import type { Context } from './context.ts';
import { itemDifferencesOf } from './differences.ts';
import { createStackCommand, targetOf } from './options.ts';
import { partitions, readPartition } from './partitions.ts';
import { createProgress } from './progress.ts';
import { isExpired, restoreOrder } from './restore-order.ts';
import { openTable, stackOfTable, type Table } from './stack.ts';
import { createTableReader, readUnitsPerSecond } from './table-reader.ts';

type Counts = { copied: number; present: number; expired: number; accounts: number; leftOut: number };

export function restoreCommand(context: Context) {
  const { terminal, clock } = context;
  const command = createStackCommand('restore')
    .description("Copies what the stack's table lacks from a restored table, and replaces nothing newer.")
    .requiredOption('--from <table>', 'name of the restored table')
    .action(async ({ from, json, ...options }) => {
      const table = await openTable(targetOf(options));
      const restored = { ...table, tableName: from };
      const itemCount = await checkTables(restored, table);
      const progress = createProgress(context, 'items read', itemCount);
      const counts: Counts = { copied: 0, present: 0, expired: 0, accounts: 0, leftOut: 0 };
      const reader = createTableReader(table, clock);
      let read = 0;
      try {
        for await (const [pk, items] of partitions(createTableReader(restored, clock))) {
          read += items.length;
          await restorePartition(pk, items);
          progress.at(read);
        }
      } finally {
        progress.end();
      }
      if (json) terminal.out(`${JSON.stringify({ from, table: table.tableName, ...counts })}\n`);
      else terminal.out(summaryOf(counts));
      if (counts.leftOut > 0) context.fail();

      async function restorePartition(pk: string, items: readonly Item[]): Promise<void> {
        if (items.every(({ sk }) => sk?.S === 'ACCOUNT')) {
          counts.accounts += 1;
          return;
        }
        const [difference] = itemDifferencesOf(pk, items);
        if (difference !== undefined) return leaveOut(pk, `${difference.sk}: ${difference.how}`);
        const kept = items.filter((item) => !isExpired(item, clock.now()));
        const held = new Map((await readPartition(reader, pk)).map((item) => [item['sk']?.S ?? '', item]));
        const present = kept.filter(({ sk }) => held.has(sk?.S ?? '')).length;
        const [account = '', orderId = ''] = pk.split('#');
        try {
          await restoreOrder(table, { account, orderId }, kept, held);
        } catch (error) {
          if (!(error instanceof Failure && error.code === 'store_corrupt')) throw error;
          return leaveOut(pk, `in the stack's table: ${error.message}`);
        }
        counts.copied += kept.length - present;
        counts.present += present;
        counts.expired += items.length - kept.length;
      }

      function leaveOut(pk: string, why: string): void {
        counts.leftOut += 1;
        terminal.log(`${visible(`${pk} is left out: ${why}`)}\n`);
      }
    });
  addExamples(command, ['--from orders-2026-11-01 --stage prod']);
  addNotes(
    command,
    `It can run while checks go on, and can be repeated after an interruption: existing items are kept. A live order that the
stack's table lacked is watched again and due at once; OrderStateChanged is published again for it, with the same id. If both
tables have a state, the earlier observation is kept. Accounts' own items (lease, rate limit, circuit breaker, pause) are not
copied. An order with an item that verify finds wrong in itself is left out. It reads the restored table at ${readUnitsPerSecond} read
units a second. Exit codes: 0 done, 1 failed or orders left out, 2 wrong options.`,
  );
  return command;
}

/** Returns how many items there are to read, as DynamoDB counts them every six hours. */
async function checkTables(restored: Table, table: Table): Promise<number> {
  const { ItemCount, RestoreSummary, StreamSpecification, TableArn, TableStatus } = await describe(restored);
  const own = await describe(table);
  if (restored.tableName === table.tableName || TableArn === own.TableArn)
    throw new UsageError("--from names the stack's own table: give the restored one");
  if (StreamSpecification?.StreamEnabled)
    throw new UsageError(`${restored.tableName} has a stream, so it is a stack's table: give the restored one`);
  const source = stackOfTable(RestoreSummary?.SourceTableArn?.replace(/^.*\//, ''));
  const target = stackOfTable(table.tableName);
  if (source !== undefined && target !== undefined && source !== target)
    throw new UsageError(`${restored.tableName} was restored from a table of ${source}, not of ${target}`);
  if (TableStatus !== 'ACTIVE')
    throw new UsageError(`${restored.tableName} is ${TableStatus}: wait until it is ACTIVE`);
  return ItemCount ?? 0;
}

async function describe({ client, tableName }: Table) {
  return (await client.send(new DescribeTableCommand({ TableName: tableName }))).Table ?? {};
}

function summaryOf({ copied, present, expired, leftOut }: Counts): string {
  const failed = leftOut === 0 ? '' : `Orders left out, each named above: ${leftOut}.\n`;
  return (
    `Items copied: ${copied}, already there: ${present}, expired: ${expired}. Accounts' own items are not copied.\n${failed}` +
    "Next: verify the stack's table with ops verify.\n"
  );
}
