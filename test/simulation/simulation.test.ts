import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import type { Violation } from './checker.ts';
import { plantedBugs } from './planted-bugs.ts';
import { withoutRealTime } from './real-time.ts';
import { randomScenario } from './scenario.ts';
import { simulate } from './simulate.ts';

const run = promisify(execFile);
const main = fileURLToPath(new URL('./main.ts', import.meta.url));
/** Five hours from 04:00: every outage, the settlement of 08:00 among them. */
const sizeOptions = ['--orders', '60', '--days', '0.21'];
/** Enough for each planted bug. */
const size = { orders: 60, hours: 2.5 };

describe('the simulation', () => {
  // In processes of their own: side by side, and without the cost of measuring coverage.
  it('finds 20 seeds of 60 orders over 5 hours without a fault', async () => {
    const half = (first: string) => run(process.execPath, [main, '--seeds', '10', '--first', first, ...sizeOptions]);
    const halves = await Promise.all([half('1'), half('11')]);
    for (const { stdout } of halves) console.log(stdout);
    expect(halves.map(({ stdout }) => stdout.match(/^\d+ /gm)?.length)).toEqual([10, 10]);
  }, 120_000);

  it('runs the same way again from the same seed, and another way from another', async () => {
    const small = { orders: 30, hours: 2 };
    const [first, again, other] = [
      await simulate(randomScenario({ seed: 7, ...small })),
      await simulate(randomScenario({ seed: 7, ...small })),
      await simulate(randomScenario({ seed: 8, ...small })),
    ];
    expect(again).toEqual(first);
    expect(other.trace).not.toBe(first.trace);
  });

  it('has neither real time nor real chance, and gives both back', () => {
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
});

describe('a planted bug is caught', () => {
  /** The first seeds, until one of them shows the violation; returns all that was found. */
  const violationsOf = async (name: keyof typeof plantedBugs, expected: Violation): Promise<readonly Violation[]> => {
    const violations = new Set<Violation>();
    for (let seed = 1; seed <= 5 && !violations.has(expected); seed++) {
      const { findings } = await simulate(randomScenario({ seed, ...size, bug: plantedBugs[name] }));
      for (const { violation } of findings) violations.add(violation);
    }
    return [...violations];
  };

  it('when absence closes an order', async () => {
    const violations = await violationsOf('absence closes an order', 'closedUnproven');
    expect(violations).toEqual(expect.arrayContaining(['closedUnproven', 'dropped']));
  });

  it('when every process has a rate limiter of its own', async () => {
    expect(await violationsOf('a rate limiter per process', 'overspent')).toContain('overspent');
  });

  it('when a late touch revives a watch', async () => {
    expect(await violationsOf('a late touch revives a watch', 'lostOrRegressed')).toContain('lostOrRegressed');
  });

  it('when the history skips a snapshot', async () => {
    expect(await violationsOf('the history skips a snapshot', 'lostOrRegressed')).toContain('lostOrRegressed');
  });

  it.each([
    ['absence from a list closes an order', 'closedUnproven'],
    ['a failed list is an empty one, and closes', 'closedUnproven'],
    ['listed_at advances before the vanished are marked', 'staleConfirmed'],
    ['listed_at is the time of its writing', 'staleConfirmed'],
  ] as const)('when %s', async (name, violation) => {
    expect(await violationsOf(name, violation)).toContain(violation);
  });
});
