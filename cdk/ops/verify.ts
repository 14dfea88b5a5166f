import { parseArgs } from 'node:util';
import { DescribeTableCommand } from '@aws-sdk/client-dynamodb';
import type { Item } from '../../lib/dynamo.ts';
import type { Command } from './command.ts';
import { type Difference, differencesOf } from './differences.ts';
import { placeOf, shared, sharedHelp } from './options.ts';
import { createProgress } from './progress.ts';
import { openTable } from './stack.ts';
import { createTableReader, type TableReader, unitsPerSecond } from './table-reader.ts';

const help = `Holds the whole table against itself: each snapshot's rank and digest against the exchange's words that it keeps, each
head against the newest snapshot, each watch against its head and against its own status and place in the index.

  npm run ops -- verify --stage prod

Options
${sharedHelp}
It reads the whole table once, at ${unitsPerSecond} read units a second, and at the end what differs once more: checks go on.
Exit codes: 0 nothing differs, 1 something does, or failed, 2 wrong options.
`;

export const verify: Command = {
  name: 'verify',
  does: 'recomputes the whole table from what the exchange said, and names what differs',
  help,
  run: async (args, environment) => {
    const { terminal, clock } = environment;
    const { values } = parseArgs({ args: [...args], options: shared });
    const table = await openTable(placeOf(values));
    const { Table } = await table.client.send(new DescribeTableCommand({ TableName: table.tableName }));
    const reader = createTableReader(table, clock);
    const progress = createProgress(environment, 'items read', Table?.ItemCount ?? 0);
    let [read, keys] = [0, 0];
    const suspects: string[] = [];
    try {
      for await (const [pk, items] of partitions(reader)) {
        read += items.length;
        keys += 1;
        if (differencesOf(pk, items).length > 0) suspects.push(pk);
        progress.at(read);
      }
    } finally {
      progress.end();
    }
    const differences: Difference[] = [];
    for (const pk of suspects) differences.push(...differencesOf(pk, await readAll(reader, pk)));

    if (values.json) terminal.out(`${JSON.stringify({ items: read, keys, differences })}\n`);
    else {
      for (const { pk, sk, how } of differences) terminal.out(`${pk} ${sk}: ${how}\n`);
      const result = differences.length === 0 ? 'nothing differs' : `differences: ${differences.length}`;
      terminal.out(`${read} items of ${keys} orders and accounts, ${result}.\n`);
    }
    return differences.length === 0 ? 0 : 1;
  },
};

/** All items of one partition key after those of the other: a scan gives them side by side. */
async function* partitions(reader: TableReader): AsyncGenerator<readonly [pk: string, items: readonly Item[]]> {
  let pk: string | undefined;
  let items: Item[] = [];
  for await (const page of reader.scan()) {
    for (const item of page.items) {
      const key = item['pk']?.S ?? '';
      if (pk !== undefined && key !== pk) {
        yield [pk, items];
        items = [];
      }
      pk = key;
      items.push(item);
    }
  }
  if (pk !== undefined) yield [pk, items];
}

/** As of now: what was half-written when the scan came by is whole. */
function readAll(reader: TableReader, pk: string): Promise<readonly Item[]> {
  return reader.query({
    KeyConditionExpression: 'pk = :pk',
    ExpressionAttributeValues: { ':pk': { S: pk } },
    ConsistentRead: true,
  });
}
