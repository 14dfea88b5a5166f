/** `npm run mutants`: see its help. */
import { execFile } from 'node:child_process';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { addNotes, createCommand, runMain } from '../cdk/ops/command-line.ts';
import { copyProject } from './project-copy.ts';

type Fault = {
  readonly name: string;
  readonly file: string;
  readonly from: string;
  readonly to: string;
  /** The tests that should notice. */
  readonly tests: string;
};

const store = 'test/lib/snapshots/convergence';
const memory = 'test/lib/snapshots/remembered-watches';
const lists = 'test/lib/sweep/lists';
const restoreTests = 'test/cdk/ops/restore';
const faults: readonly Fault[] = [
  {
    name: 'the head rises without its rank condition',
    file: 'lib/snapshots/dynamo-table.ts',
    from: 'OR #rank < :rank OR',
    to: 'OR #rank <> :rank OR',
    tests: store,
  },
  {
    name: 'the rank lacks its digest',
    file: 'lib/snapshots/rank.ts',
    from: '    digestOf(order, volatile),\n',
    to: "    digestOf(order, volatile).replace(/./g, '0'),\n",
    tests: store,
  },
  {
    name: 'the watch is not opened first',
    file: 'lib/snapshots/store.ts',
    from: 'isAnnounced(stored, rank) ? stored : await advance(snapshot, stored, opening)',
    to: 'isAnnounced(stored, rank) || opening ? stored : await advance(snapshot, stored, opening)',
    tests: store,
  },
  {
    name: 'a change of an open watch is not announced',
    file: 'lib/snapshots/store.ts',
    from: '  return stored?.watch.announcedRank !== undefined && stored.watch.announcedRank >= rank;',
    to: '  return stored?.watch.announcedRank !== undefined && (isOpen(statusOf(stored.watch)) || stored.watch.announcedRank >= rank);',
    tests: store,
  },
  {
    name: 'the head is written before its snapshot',
    file: 'lib/snapshots/store.ts',
    from: '    const written = await table.putSnapshot(snapshot);',
    to: '    await table.putHead(snapshot);\n    const written = await table.putSnapshot(snapshot);',
    tests: store,
  },
  {
    name: 'the watch closes without looking at the head',
    file: 'lib/snapshots/watch.ts',
    from: "phase === 'final' && applied?.rank === announcedRank",
    to: "phase === 'final'",
    tests: store,
  },
  {
    name: 'of calls that are refused at the same time only the first gets the new key',
    file: 'lib/exchange/credentials.ts',
    from: ' && flight === undefined) return key.used;',
    to: ') return key.used;',
    tests: 'test/lib/exchange/key-rotation',
  },
  {
    name: 'the previous key stands in for ever',
    file: 'lib/exchange/credentials.ts',
    from: '  if (clock.now() < until) {',
    to: '  if (until > 0) {',
    tests: 'test/lib/exchange/key-fallback',
  },
  {
    name: 'a not-found closes an order',
    file: 'lib/snapshots/watch.ts',
    from: "  if (notFoundAt.length > 0) return 'missing';",
    to: "  if (notFoundAt.length > 0) return 'final';",
    tests: store,
  },
  {
    name: 'a watch is written whatever its revision',
    file: 'lib/snapshots/dynamo-put-watch.ts',
    from: "ConditionExpression: 'revision = :after'",
    to: "ConditionExpression: 'revision = :after OR attribute_exists(pk)'",
    tests: store,
  },
  {
    name: 'of two commands of one moment the one that arrives last decides',
    file: 'lib/snapshots/watch.ts',
    from: '  if (a.at === b.at) return JSON.stringify(a) > JSON.stringify(b) ? a : b;\n',
    to: '',
    tests: store,
  },
  {
    name: 'a not-found reply does not heal the head',
    file: 'lib/snapshots/store.ts',
    from: 'if (newest !== undefined) await table.putHead(newest);',
    to: '',
    tests: store,
  },
  {
    name: 'a remembered watch is believed after a conflict',
    file: 'lib/snapshots/store.ts',
    from: 'stored !== known && stored.watch.announcedRank === rank',
    to: 'stored !== known',
    tests: memory,
  },
  {
    name: 'a remembered watch is believed without a write',
    file: 'lib/snapshots/store.ts',
    from: 'stored !== known && stored.watch.announcedRank === rank',
    to: 'stored.watch.announcedRank === rank',
    tests: memory,
  },
  {
    name: 'a state is new although its announcement was refused',
    file: 'lib/snapshots/store.ts',
    from: 'return isNew ? {',
    to: 'return isNew || known ? {',
    tests: memory,
  },
  {
    name: 'memory is used where the table may be read instead',
    file: 'lib/orders/remembered-checks.ts',
    from: '!request.maxAgeMs && ',
    to: '',
    tests: 'test/lib/orders/remembered-checks',
  },
  {
    name: 'permits are taken ahead that no call will use',
    file: 'lib/exchange/rate-limiter.ts',
    from: 'const demandMs = 1_000;',
    to: 'const demandMs = 5_000;',
    tests: 'test/lib/accounts/permits-ahead',
  },
  {
    name: 'a failing order keeps its due time',
    file: 'lib/snapshots/due.ts',
    from: 'lastFailed === undefined ? 0 : lastFailed + doubled(failedAt.length, policy)',
    to: 'lastFailed === undefined ? 0 : 0',
    tests: 'test/lib/sweep/failing-orders',
  },
  {
    name: 'orders that fail for their own reasons open the circuit breaker',
    file: 'lib/sweep/circuit-breaker.ts',
    from: "    case 'timeout':\n",
    to: "    case 'timeout':\n    case 'exchange_error':\n    case 'invalid_response':\n",
    tests: 'test/lib/sweep/failing-orders',
  },
  {
    name: 'a list confirms an order that was never in one',
    file: 'lib/snapshots/watch.ts',
    from: '  return listed?.present === true;',
    to: '  return listed?.present !== false;',
    tests: lists,
  },
  {
    name: 'a list confirms an order that its sweep may not have read',
    file: 'lib/snapshots/watch.ts',
    from: ' || mayHaveBeenUnindexed(watch, list.ordersReadAt)) return own;',
    to: ') return own;',
    tests: lists,
  },
  {
    name: 'an open row of a history counts',
    file: 'lib/orders/look-up-order.ts',
    from: " || phaseOf(order) !== 'final') continue;",
    to: ' || phaseOf(order) === undefined) continue;',
    tests: 'test/lib/sweep/listed-orders',
  },
  {
    name: 'a sweep that lost its lease says when the account was listed',
    file: 'lib/accounts/dynamo-table.ts',
    from: "const isOwner = 'lease.#owner = :owner';",
    to: "const isOwner = '(lease.#owner = :owner OR lease.#owner <> :owner)';",
    tests: 'test/lib/accounts/table',
  },
  {
    name: 'the earliest provenance does not win',
    file: 'lib/snapshots/dynamo-table.ts',
    from: "'first_observed_at > :seen OR",
    to: "'first_observed_at < :seen OR",
    tests: 'test/lib/snapshots/table',
  },
  {
    name: 'a restoration applies a watch before its head is there',
    file: 'cdk/ops/restore-order.ts',
    from: '{ ...watch, applied: undefined, listed: undefined, notFoundAt }',
    to: '{ ...watch, listed: undefined, notFoundAt }',
    tests: restoreTests,
  },
  {
    name: "a restored end closes an order that is live in the stack's table",
    file: 'cdk/ops/restore-order.ts',
    from: 'held.has(watchKey) ? undefined : newestOf([...held.values()])',
    to: 'held.size >= 0 ? undefined : newestOf([...held.values()])',
    tests: restoreTests,
  },
  {
    name: 'a restoration skips the watch',
    file: 'cdk/ops/restore-order.ts',
    from: '  if (watch !== undefined) await restoreWatch(',
    to: '  if (watch === undefined && key === undefined) await restoreWatch(',
    tests: restoreTests,
  },
  {
    name: 'a restored head lowers the rank',
    file: 'cdk/ops/restore-order.ts',
    from: 'for (const newest of [first, newestOf(restored)]) if (newest !== undefined) await recordAgain(snapshots, newest);\n',
    to: "for (const newest of [first, newestOf(restored)]) if (newest !== undefined) await recordAgain(snapshots, newest);\n  for (const item of restored.filter((each) => sortKeyOf(each) === headKey)) await createPut(table)({ Item: item, ConditionExpression: 'attribute_not_exists(none)' });\n",
    tests: restoreTests,
  },
  {
    name: 'a restored snapshot loses its expiry',
    file: 'cdk/ops/restore-order.ts',
    from: 'await put({ Item: item, ConditionExpression',
    to: "await put({ Item: Object.fromEntries(Object.entries(item).filter(([name]) => name !== 'expires_at')), ConditionExpression",
    tests: restoreTests,
  },
  {
    name: 'a restoration mixes two stacks',
    file: 'cdk/ops/restore.ts',
    from: 'target !== undefined && source !== target)',
    to: 'target !== undefined && source === undefined)',
    tests: restoreTests,
  },
];

/** Properties draw their cases: some faults are caught by five of six runs. */
const maxRuns = 4;

const run = promisify(execFile);

/** Runs the tests in a copy of the project that has the fault. */
async function plant(fault: Fault): Promise<'caught' | 'survived'> {
  const copy = await copyProject();
  try {
    const file = join(copy, fault.file);
    const source = await readFile(file, 'utf8');
    if (source.split(fault.from).length !== 2)
      throw new Error(`${fault.file} does not hold the text of: ${fault.name}`);
    await writeFile(
      file,
      source.replace(fault.from, () => fault.to),
    );
    const vitest = join(copy, 'node_modules/vitest/vitest.mjs');
    await run(process.execPath, [vitest, 'run', '--config', 'test/vitest.config.ts', fault.tests], { cwd: copy });
    return 'survived';
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 1) return 'caught';
    throw error;
  } finally {
    await rm(copy, { recursive: true });
  }
}

const command = createCommand('npm run mutants --')
  .description(
    'Plants faults in a copy of the project, one at a time, and shows that the default test run catches each.',
  )
  .argument('[text]', 'only the faults whose name contains this')
  .action(main);
addNotes(command, `Exits 1 when a fault survives ${maxRuns} runs.`);
await runMain(command);

async function main(text = ''): Promise<void> {
  const chosen = faults.filter(({ name }) => name.includes(text));
  // A copy that fails without a fault would catch everything: each set of tests must pass where nothing is planted.
  for (const tests of new Set(chosen.map((fault) => fault.tests))) {
    const nothing: Fault = { name: 'nothing', file: 'package.json', from: '"private"', to: '"private"', tests };
    if ((await plant(nothing)) === 'caught') throw new Error(`${tests} fails without any fault: fix that first`);
    console.log(`passes    nothing planted, ${tests}`);
  }
  let survived = 0;
  for (const fault of chosen) {
    let runs = 0;
    let outcome: Awaited<ReturnType<typeof plant>> = 'survived';
    for (; outcome === 'survived' && runs < maxRuns; runs++) outcome = await plant(fault);
    if (outcome === 'survived') survived++;
    console.log(`${outcome.padEnd(8)}  ${fault.name}${runs === 1 ? '' : ` (${runs} runs)`}`);
  }
  console.log(survived === 0 ? 'Every planted fault was caught.' : `${survived} planted faults survived.`);
  process.exitCode = survived === 0 ? 0 : 1;
}
