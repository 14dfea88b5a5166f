/** `npm run simulate`: see the help text. */
import { addNotes, createCommand, runMain, UsageError, wholeNumber } from '../../cdk/ops/command-line.ts';
import { capacities, capacityLines } from './capacity.ts';
import { costLines, costs } from './cost.ts';
import { delayLines, delays } from './delay.ts';
import { heading, lineOf, summaryLines, totalLine } from './lines.ts';
import { randomScenario } from './scenario.ts';
import { simulate } from './simulate.ts';
import { isSound, type Verdict } from './verdict.ts';

/** 72 minutes. The last 45 of a run are for what is over by then. */
const minDays = 0.05;

const columnsHelp = `
Columns that must be 0:
  closed w/o evidence  orders recorded as closed that are open, or that closed in another state
  live dropped         known live orders that are no longer checked
  ends never seen      orders whose end was never observed, although there was time and budget for it
  not discovered       listed orders that nobody registered and that are not in the table
  confirmed stale      orders counted as confirmed by a list in a state that they had left
  permits overspent    windows in which more calls reached the exchange than the share allows
  lost or regressed    responses missing from the history or older than the table, heads that went back, watches that
                       opened again
Other columns:
  unseeable            orders that the exchange forgot before it, or the connection to it, worked again
  swept                the part of the time in which the account was swept
  median, p99          from a transition to its snapshot, outages included`;

const command = createCommand('npm run simulate --')
  .description('Simulates the checks of one account on a simulated clock, with every fault that can happen.')
  .option('--seeds <n>', 'how many seeds', wholeNumber('--seeds', 1, 1_000_000), 20)
  .option('--first <n>', 'the first seed', wholeNumber('--first', 1, 999_999_999), 1)
  .option('--seed <n>', 'a single seed, with all findings', wholeNumber('--seed', 1, 999_999_999))
  .option('--orders <n>', 'orders per seed', wholeNumber('--orders', 1, 1_000_000), 150)
  .option('--days <n>', `simulated days per seed, at least ${minDays}`, days, 0.25)
  .option('--capacity', 'print what one account can watch, order by order')
  .option('--cost', 'print what the checks cost, compared with a naive poller')
  .option('--delay', 'print how long it takes from a transition to its snapshot')
  .option('--json', 'with --capacity, --cost or --delay: print JSON')
  .action(async ({ capacity, cost, delay, json, seeds, first, seed, orders, days }) => {
    const show = <Result>(result: Result, lines: (result: Result) => string) =>
      print(json ? JSON.stringify(result) : lines(result));
    if (capacity) return show(await capacities(), capacityLines);
    if (cost) return show(await costs(), costLines);
    if (delay) return show(await delays(Math.min(seeds, 6)), delayLines);
    if (json) throw new UsageError('--json needs --capacity, --cost or --delay');
    const chosen = seed === undefined ? Array.from({ length: seeds }, (_, index) => first + index) : [seed];
    await run({ seeds: chosen, orders, hours: days * 24 });
  });
addNotes(
  command,
  'Exits 1 if a number that must be 0 is not, if hardly anything happened, or if nothing was swept for most of the time.',
);
command.addHelpText('after', columnsHelp);
await runMain(command);

type Options = { readonly seeds: readonly number[]; readonly orders: number; readonly hours: number };

async function run({ seeds, orders, hours }: Options): Promise<void> {
  const verdicts: Verdict[] = [];
  print(heading);
  for (const seed of seeds) {
    const verdict = await simulate(randomScenario({ seed, orders, hours }));
    verdicts.push(verdict);
    print(lineOf(verdict));
    for (const line of summaryLines(verdict, seeds.length === 1 ? 1_000 : 3)) print(line);
  }
  print(totalLine(verdicts));
  if (!verdicts.every(isSound)) process.exitCode = 1;
}

function days(text: string): number {
  const value = Number(text);
  if (Number.isFinite(value) && value >= minDays) return value;
  throw new UsageError(`--days takes a number of at least ${minDays}`);
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}
