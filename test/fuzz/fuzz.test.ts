import { expect, it } from 'vitest';
import { fuzz } from './fuzz.ts';
import { Finding, targets } from './targets.ts';

const cases = 20_000;
const seed = Number(process.env['SEED'] ?? Date.now() % 1_000_000_000);
console.log(`fuzz: ${cases} cases, SEED=${seed}`);

it('mutated input to a parser is accepted with every digit, or refused with a code of the catalog', () => {
  const { findings, outcomes } = fuzz(targets, seed, (done) => done < cases);
  expect(findings).toEqual([]);
  // A fuzzer that only ever meets one outcome tries nothing.
  for (const [name, counts] of outcomes) expect([name, counts.size > 1]).toEqual([name, true]);
});

it('mutated input to a parser that crashes or is wrongly accepted is reported, with the seed that repeats it', () => {
  const crashing = { name: 'a', run: () => JSON.parse('{') };
  const lenient = {
    name: 'b',
    run: () => {
      throw new Finding('other digits');
    },
  };
  const { findings } = fuzz([crashing, lenient], 7, (done) => done < 2);
  expect(findings).toEqual([
    { target: 'a', seed: 7, what: expect.stringContaining('SyntaxError') },
    { target: 'b', seed: 8, what: 'other digits' },
  ]);
});
