/** `npm run simulate`: see the help text. */
import { parseArgs } from 'node:util';
import { capacityTable } from './capacity.ts';
import { costTable } from './cost.ts';
import { heading, lineOf, summaryLines, totalLine } from './lines.ts';
import { randomScenario } from './scenario.ts';
import { simulate } from './simulate.ts';
import { isSound, type Verdict } from './verdict.ts';

const help = `Simulates the checks of one account, with everything that can go wrong, on a clock of its own.

  npm run simulate -- [--seeds N] [--orders N] [--days N]   N seeds (20), N orders each (150) over N days (0.25)
  npm run simulate -- --first N --seeds N                   the seeds from N on
  npm run simulate -- --seed N [--orders N] [--days N]      one seed again, with all that was found
  npm run simulate -- --capacity                            what one account can watch
  npm run simulate -- --cost                                what a million checks cost

Exits 1 when a number is not 0 that must be:
  closed w/o evidence  orders taken to be over that are not, or not as they truly ended
  live dropped         live orders that are known and that no schedule looks at
  ends never seen      ends that were forgotten unseen, though there was time and budget to see them
  credits overspent    windows in which more calls reached the exchange than the share allows
  lost or regressed    answers that are not in the history, heads that went back, watches that opened again
Exits 1, too, when hardly anything happened, or nobody swept for most of the time. Told besides:
  unseeable            ends that were forgotten before the exchange, or the way to it, was well again
  swept                the part of the time that a sweep had the account
  median, p99          from a transition to its snapshot, troubles included
`;

await main();

async function main(): Promise<void> {
  const options = readOptions();
  if (options === undefined) return;
  if (options.help) return print(help.trimEnd());
  if (options.capacity) return print(await capacityTable());
  if (options.cost) return print(await costTable());
  await run(options);
}

type Options = {
  readonly help: boolean;
  readonly capacity: boolean;
  readonly cost: boolean;
  readonly seeds: readonly number[];
  readonly orders: number;
  readonly hours: number;
};

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

function readOptions(): Options | undefined {
  try {
    const { values } = parseArgs({
      options: {
        seeds: { type: 'string', default: '20' },
        first: { type: 'string', default: '1' },
        seed: { type: 'string' },
        orders: { type: 'string', default: '150' },
        days: { type: 'string', default: '0.25' },
        capacity: { type: 'boolean', default: false },
        cost: { type: 'boolean', default: false },
        help: { type: 'boolean', short: 'h', default: false },
      },
    });
    const { seed, help, capacity, cost } = values;
    const orders = positive('orders', values.orders);
    const hours = positive('days', values.days) * 24;
    // The last 45 minutes of a run are for what is over by then.
    if (hours < 1.2) throw new Error('--days is at least 0.05.');
    const count = Math.ceil(positive('seeds', values.seeds));
    const first = positive('first', values.first);
    const seeds = seed === undefined ? Array.from({ length: count }, (_, i) => first + i) : [positive('seed', seed)];
    return { help, capacity, cost, orders, hours, seeds };
  } catch (thrown) {
    process.stderr.write(`${thrown instanceof Error ? thrown.message : String(thrown)}\n`);
    process.exitCode = 2;
    return undefined;
  }
}

function positive(name: string, text: string): number {
  const value = Number(text);
  if (value > 0 && Number.isFinite(value)) return value;
  throw new Error(`--${name} is a number above 0, not ${text}.`);
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}
