import { parseArgs } from 'node:util';
import { idlePrice, totalOf } from './idle-price.ts';
import { createApp } from './order-state-app.ts';
import { stackNameOf } from './stack-outputs.ts';
import { type ResolvedStage, StageError, stageNamed } from './stages.ts';

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
  console.log(`  ${'total'.padEnd(25)}${totalOf(items).toFixed(2).padStart(8)}`);
}

try {
  const { values } = parseArgs({ options: { stage: { type: 'string', short: 's', default: 'dev' } } });
  const stage = stageNamed(values.stage);
  for (const monitoring of ['full', 'essential'] as const) print({ ...stage, monitoring });
} catch (error) {
  if (!(error instanceof StageError || error instanceof TypeError)) throw error;
  console.error(error.message);
  process.exitCode = 2;
}
