import { describe, expect, it } from 'vitest';
import type { Violation } from './checker.ts';
import { plantedBugs } from './planted-bugs.ts';
import { randomScenario } from './scenario.ts';
import { simulate } from './simulate.ts';

/** Each bug shows with some seeds and not with others. From this one on, each shows with one of the first two. */
const firstSeed = 5;
/** Most bugs show with most seeds. */
const size = { orders: 30, hours: 1.5 };
/** These need all permits to be wanted at once, or an outage at the wrong moment. */
const large = { orders: 60, hours: 2.5 };
const rare: readonly (keyof typeof plantedBugs)[] = ['absence closes an order', 'a rate limiter per process'];

describe('planted bugs', () => {
  /** The seeds one by one, until they show the violations; returns all that was found. */
  const violationsOf = async (name: keyof typeof plantedBugs, ...expected: readonly Violation[]) => {
    const violations = new Set<Violation>();
    for (
      let seed = firstSeed;
      seed < firstSeed + 5 && !expected.every((violation) => violations.has(violation));
      seed++
    ) {
      const { orders, hours } = rare.includes(name) ? large : size;
      const { findings } = await simulate(randomScenario({ seed, orders, hours, bug: plantedBugs[name] }));
      for (const { violation } of findings) violations.add(violation);
    }
    return [...violations];
  };

  it('the simulation catches a planted bug when absence closes an order', async () => {
    const expected = ['closedUnproven', 'dropped'] as const;
    const violations = await violationsOf('absence closes an order', ...expected);
    expect(violations).toEqual(expect.arrayContaining([...expected]));
  });

  it('the simulation catches a planted bug when every process has its own rate limiter', async () => {
    expect(await violationsOf('a rate limiter per process', 'overspent')).toContain('overspent');
  });

  it('the simulation catches a planted bug when a late touch revives a watch', async () => {
    expect(await violationsOf('a late touch revives a watch', 'lostOrRegressed')).toContain('lostOrRegressed');
  });

  it('the simulation catches a planted bug when the history skips a snapshot', async () => {
    expect(await violationsOf('the history skips a snapshot', 'lostOrRegressed')).toContain('lostOrRegressed');
  });

  it.each(['memory serves max_age', 'memory is believed after a conflict'] as const)(
    'the simulation catches a planted bug when %s',
    async (name) => {
      expect(await violationsOf(name, 'lostOrRegressed')).toContain('lostOrRegressed');
    },
  );

  it.each([
    ['absence from a list closes an order', 'closedUnproven'],
    ['a failed list is an empty one, and closes', 'closedUnproven'],
    ['listed_at advances before the vanished are marked', 'staleConfirmed'],
    ['listed_at is the time of its writing', 'staleConfirmed'],
  ] as const)('the simulation catches a planted bug when %s', async (name, violation) => {
    expect(await violationsOf(name, violation)).toContain(violation);
  });
});
