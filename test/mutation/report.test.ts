import { expect, it } from 'vitest';
import { reportOf, scoreOf, scoresOf } from './report.ts';

const location = { start: { line: 7, column: 3 } };
const mutant = (status: string, replacement?: string) => ({
  status,
  mutatorName: 'BooleanLiteral',
  replacement,
  location,
});
const report = {
  files: {
    'lib/a.ts': { mutants: [mutant('Killed'), mutant('Timeout'), mutant('Survived', 'tr\n  ue'), mutant('Ignored')] },
    'lib/b.ts': { mutants: [mutant('NoCoverage')] },
  },
};

it('in a mutation report, a mutant that no test covers counts as unnoticed, and an ignored one does not count', () => {
  const scores = scoresOf(report);
  expect(scoreOf(scores)).toBe(0.5);
  expect(reportOf(scores).split('\n')).toEqual([
    'file                               changes  noticed   score',
    'lib/a.ts                                 3        2  66.7 %',
    'lib/b.ts                                 1        0   0.0 %',
    'all                                      4        2  50.0 %',
    'lib/a.ts:7:3  BooleanLiteral: tr ue',
    'lib/b.ts:7:3  BooleanLiteral: ',
  ]);
});

it("a mutation report that is not Stryker's is refused", () => {
  expect(() => scoresOf({ files: [] })).toThrow();
});
