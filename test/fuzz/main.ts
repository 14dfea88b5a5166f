import { createCommand, runMain, wholeNumber } from '../../cdk/ops/command-line.ts';
import { fuzz } from './fuzz.ts';
import { targets } from './targets.ts';

const command = createCommand('npm run fuzz --')
  .description(
    'Parses mutated replies, lists, secrets, items, events and requests, and looks for crashes and wrong digits.',
  )
  .option('--seconds <n>', 'how long', wholeNumber('--seconds', 1, 86_400), 10)
  .option('--seed <n>', 'the first seed; each case takes the next one', wholeNumber('--seed', 0, 999_999_999))
  .action(({ seconds, seed = Date.now() % 900_000_000 }) => {
    const until = Date.now() + seconds * 1000;
    const { cases, outcomes, findings } = fuzz(targets, seed, () => Date.now() < until);
    console.log(`${cases} cases from seed ${seed}`);
    for (const [name, counts] of outcomes) {
      const texts = [...counts].toSorted(([, a], [, b]) => b - a).map(([code, count]) => `${code} ${count}`);
      console.log(`${name.padEnd(10)} ${texts.join(', ')}`);
    }
    for (const { target, seed, what } of findings) console.log(`FOUND in ${target}, seed ${seed}: ${what}`);
    process.exitCode = findings.length === 0 ? 0 : 1;
  });
await runMain(command);
