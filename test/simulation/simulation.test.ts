import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { withoutRealTime } from './real-time.ts';
import { randomScenario } from './scenario.ts';
import { simulate } from './simulate.ts';

const run = promisify(execFile);
const main = fileURLToPath(new URL('./main.ts', import.meta.url));
/** Five hours from 04:00: every outage, the settlement of 08:00 among them. */
const sizeOptions = ['--orders', '60', '--days', '0.21'];

// In separate processes: concurrently, and without the cost of measuring coverage. `npm run simulate` runs more seeds.
it('the simulation of days of trading finds no violation in 2 seeds of 60 orders over 5 hours', async () => {
  const runs = await Promise.all(
    ['1', '2'].map((seed) => run(process.execPath, [main, '--seeds', '1', '--first', seed, ...sizeOptions])),
  );
  for (const { stdout } of runs) console.log(stdout);
  expect(runs.map(({ stdout }) => stdout.match(/^\d+ /gm)?.length)).toEqual([1, 1]);
}, 120_000);

it('the simulation of days of trading runs the same way again from the same seed, and differently from another seed', async () => {
  const small = { orders: 20, hours: 1.2 };
  const [first, again, other] = [
    await simulate(randomScenario({ seed: 7, ...small })),
    await simulate(randomScenario({ seed: 7, ...small })),
    await simulate(randomScenario({ seed: 8, ...small })),
  ];
  expect(again).toEqual(first);
  expect(other.trace).not.toBe(first.trace);
});

it('the simulation of days of trading uses neither real time nor real randomness, and restores both afterwards', () => {
  const { now } = Date;
  {
    using _ = withoutRealTime();
    expect(() => Date.now()).toThrow('Date.now was used in a simulation');
    expect(() => Math.random()).toThrow('Math.random was used in a simulation');
    expect(() => setTimeout(() => undefined, 1)).toThrow('setTimeout was used in a simulation');
  }
  expect(Date.now).toBe(now);
  expect(Math.random()).toBeLessThan(1);
});
