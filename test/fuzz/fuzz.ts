import { asFailure } from '../../lib/errors.ts';
import { randomOf } from './mutate.ts';
import { Finding, type Target } from './targets.ts';

/** What a run found. `outcomes`: how many cases of each target were accepted, or refused with which code. */
export type FuzzResult = {
  readonly cases: number;
  readonly outcomes: ReadonlyMap<string, ReadonlyMap<string, number>>;
  readonly findings: readonly { readonly target: string; readonly seed: number; readonly what: string }[];
};

/** Runs the targets in turn, each case with its own seed, while `goesOn`; a case is repeated by its seed. */
export function fuzz(targets: readonly Target[], seed: number, goesOn: (cases: number) => boolean): FuzzResult {
  const outcomes = new Map(targets.map(({ name }) => [name, new Map<string, number>()]));
  const findings: { target: string; seed: number; what: string }[] = [];
  let cases = 0;
  while (goesOn(cases)) {
    const target = targets[cases % targets.length];
    if (target === undefined) break;
    const caseSeed = seed + cases;
    cases++;
    const outcome = outcomeOf(target, caseSeed);
    const counts = outcomes.get(target.name);
    counts?.set(outcome.code, (counts.get(outcome.code) ?? 0) + 1);
    if (outcome.what !== undefined) findings.push({ target: target.name, seed: caseSeed, what: outcome.what });
  }
  return { cases, outcomes, findings };
}

function outcomeOf({ run }: Target, seed: number): { readonly code: string; readonly what?: string } {
  try {
    run(randomOf(seed));
    return { code: 'accepted' };
  } catch (thrown) {
    if (thrown instanceof Finding) return { code: 'wrongly accepted', what: thrown.message };
    const { code, cause } = asFailure(thrown);
    if (code !== 'internal') return { code };
    return { code: 'crashed', what: cause instanceof Error ? (cause.stack ?? cause.message) : String(cause) };
  }
}
