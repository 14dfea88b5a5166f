import { visible } from '../../lib/visible.ts';
import { addExamples, addNotes } from './command-line.ts';
import type { Context } from './context.ts';
import { type Difference, differencesOf } from './differences.ts';
import { createStackCommand, targetOf } from './options.ts';
import { partitions, readPartition } from './partitions.ts';
import { createProgress } from './progress.ts';
import { repairOrder } from './repair-order.ts';
import { openTable } from './stack.ts';
import { createTableReader, itemCount, readUnitsPerSecond } from './table-reader.ts';

export function verifyCommand(context: Context) {
  const { terminal, clock } = context;
  const command = createStackCommand('verify')
    .description('Recomputes the whole table from what the exchange returned, and reports every difference.')
    .option('--repair', 'finish what interrupted checks left undone')
    .action(async ({ json, repair, ...options }) => {
      const table = await openTable(targetOf(options));
      const reader = createTableReader(table, clock);
      const progress = createProgress(context, 'items read', await itemCount(table));
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
      let repaired = 0;
      for (const pk of suspects) {
        const differing = differencesOf(pk, await readPartition(reader, pk));
        const isCut = repair === true && differing.some(({ cutShort }) => cutShort);
        if (isCut) await repairOrder(table, pk);
        if (isCut) repaired += 1;
        differences.push(...(isCut ? differencesOf(pk, await readPartition(reader, pk)) : differing));
      }

      if (json) terminal.out(`${JSON.stringify({ items: read, keys, differences, repaired: repair && repaired })}\n`);
      else {
        for (const { pk, sk, how } of differences) terminal.out(`${visible(`${pk} ${sk}: ${how}`)}\n`);
        const result = differences.length === 0 ? 'no differences' : `differences: ${differences.length}`;
        if (repair) terminal.out(`Orders repaired: ${repaired}.\n`);
        terminal.out(`${read} items of ${keys} orders and accounts, ${result}.\n`);
      }
      if (differences.length > 0) context.fail();
    });
  addExamples(command, ['--stage prod'], ['--stage prod --repair']);
  addNotes(
    command,
    `It compares each snapshot's rank and digest with the exchange's text stored in it, each head with the newest snapshot, and
each watch with its head, its own status and its place in the index. It reads the whole table once, at ${readUnitsPerSecond} read
units a second, and then again whatever differs, because checks go on meanwhile. With --repair, an order whose check was
interrupted gets the head of its newest snapshot and becomes due for the next sweep, which repairs the rest.
Exit codes: 0 no differences, 1 differences found or failed, 2 wrong options.`,
  );
  return command;
}
