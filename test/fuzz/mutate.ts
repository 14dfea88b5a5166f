/** Numbers in [0, 1) that a seed repeats (mulberry32). */
export function randomOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

export type Random = () => number;

export const randomBelow = (random: Random, limit: number): number => Math.floor(random() * limit);

export function oneOf<T>(random: Random, first: T, ...others: readonly T[]): T {
  return [first, ...others][randomBelow(random, others.length + 1)] ?? first;
}

/** What breaks parsers: delimiters, numbers at their limits, escapes, names of prototypes, odd characters. */
const pieces = [
  ...['"', '\\', '{', '}', '[', ']', ',', ':', ' ', '\n', '\u0000', '\ufeff', '\u202e', '\ud800', '\\u0000', '\\ud800'],
  ...['null', 'true', '""', '{}', '[]', '-', '0', '-0', '9', '.', 'e', '1e400', '1E-400', '39004881276768257', 'NaN'],
  ...['99999999999999999999999999', '"__proto__":', '"constructor":{},', '"order_id":"x",', '"id":1,', '%00', '&', '='],
] as const;

/** A text with one to four changes: parts left out, repeated, moved, or replaced by what breaks parsers. */
export function mutate(text: string, random: Random): string {
  let mutated = text;
  for (let left = 1 + randomBelow(random, 4); left > 0; left--) {
    const at = randomBelow(random, mutated.length + 1);
    const end = Math.min(mutated.length, at + randomBelow(random, random() < 0.2 ? 200 : 6));
    const [before, part, after] = [mutated.slice(0, at), mutated.slice(at, end), mutated.slice(end)];
    const piece = oneOf(random, ...pieces);
    mutated = oneOf(
      random,
      before + after,
      before + part + part + after,
      before + piece + after,
      before + piece + part + after,
      before + String.fromCharCode(randomBelow(random, 128)) + after,
      after + part + before,
    );
  }
  return mutated;
}
