import { idlePrice, totalDollars } from '../idle-price.ts';
import { createApp } from '../order-state-app.ts';
import { stackNameOf } from '../stack-outputs.ts';
import { type ResolvedStage, StageError, stageNamed } from '../stages.ts';
import { createCommand, runMain, UsageError } from './command-line.ts';

/** The template of a stage, without bundles. */
function templateOf(stage: ResolvedStage): string {
  const assembly = createApp({ stage, context: { 'aws:cdk:bundling-stacks': [] } }).synth();
  return JSON.stringify(assembly.getStackByName(stackNameOf(stage.runtime.name)).template);
}

function print(stage: ResolvedStage): void {
  const items = idlePrice(templateOf(stage), stage);
  console.log(
    `\nStage ${stage.runtime.name}, monitoring ${stage.monitoring}, US dollars a month without orders and requests`,
  );
  for (const { what, count, dollars } of items) {
    console.log(`  ${what.padEnd(18)}${String(count).padStart(7)}${dollars.toFixed(2).padStart(8)}`);
  }
  console.log(`  ${'total'.padEnd(25)}${totalDollars(items).toFixed(2).padStart(8)}`);
}

function stageOf(name: string): ResolvedStage {
  try {
    return stageNamed(name);
  } catch (error) {
    if (!(error instanceof StageError)) throw error;
    throw new UsageError(error.message.replace(/\.$/, '').replaceAll('\n', ' '));
  }
}

await runMain(
  createCommand('npm run price --')
    .description('Computes the monthly list price of an idle stage from its template.')
    .option('--stage <name>', 'name of the stage', 'dev')
    .action(({ stage: name }) => {
      const stage = stageOf(name);
      for (const monitoring of ['full', 'essential'] as const) print({ ...stage, monitoring });
    }),
);
