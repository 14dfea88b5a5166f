import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { App, Validations } from 'aws-cdk-lib';
import { AwsSolutionsChecks, ServerlessChecks } from 'cdk-nag';
import * as z from 'zod/mini';
import { OrderStateStack } from './order-state-stack.ts';
import { packageRoot } from './package-root.ts';
import { type ResolvedStage, stageNamed } from './stages.ts';

export type AppOptions = {
  /** Default: the stage of the table that the context names (`-c stage=prod`), else dev. */
  readonly stage?: ResolvedStage;
  /** Where `synth()` writes. Default: what the CDK command says, else a temporary folder. */
  readonly outdir?: string;
  /** In addition to what cdk.json has. */
  readonly context?: Readonly<Record<string, unknown>>;
};

const CdkJson = z.object({ context: z.record(z.string(), z.unknown()) });

/** The app of one stage. Its synthesis fails when the template violates a rule of AWS or one of our own. */
export function createApp(options: AppOptions = {}): App {
  // The CDK command passes the feature flags of cdk.json; without the command they are read here.
  const cdkJson = CdkJson.parse(JSON.parse(readFileSync(join(packageRoot, 'cdk.json'), 'utf8')));
  const app = new App({
    context: { ...cdkJson.context, ...options.context },
    ...(options.outdir === undefined ? {} : { outdir: options.outdir }),
  });
  new OrderStateStack(app, options.stage ?? stageNamed(String(app.node.tryGetContext('stage') ?? 'dev')));
  Validations.of(app).addPlugins(new AwsSolutionsChecks(app), new ServerlessChecks(app));
  return app;
}
