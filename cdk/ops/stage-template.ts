import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as z from 'zod/mini';
import { stackNameOf } from '../stack-outputs.ts';
import { UsageError } from './command-line.ts';

const ResourceShape = z.object({ Type: z.string(), Properties: z.optional(z.record(z.string(), z.unknown())) });
const OutputShape = z.object({ Value: z.optional(z.unknown()) });
const Template = z.object({
  Resources: z.record(z.string(), ResourceShape),
  Outputs: z.optional(z.record(z.string(), OutputShape)),
});
const Join = z.object({ 'Fn::Join': z.tuple([z.string(), z.array(z.unknown())]) });
const Reference = z.object({ Ref: z.string() });

/** What a deployment needs that may be taken already. */
export type StageTemplate = {
  readonly stackName: string;
  /** Where the stage has to be deployed; `undefined` when it may be anywhere. */
  readonly region: string | undefined;
  readonly secrets: readonly { readonly logicalId: string; readonly name: string }[];
  /** ARNs of secrets that the stage names and the stack does not create. */
  readonly ownSecrets: readonly string[];
  /** Names of dashboards in a region. */
  readonly dashboards: (region: string) => readonly string[];
  /** Concurrent executions that each function reserves, by its logical id. */
  readonly reserved: ReadonlyMap<string, number>;
};

/** Reads a synthesized template, or synthesizes the stage of the stage table. */
export async function readStageTemplate(stage: string, file: string | undefined): Promise<StageTemplate> {
  const { template, region } = file === undefined ? await synthesized(stage) : await fromFile(file);
  const ofType = (type: string) =>
    Object.entries(Template.parse(template).Resources).flatMap(([logicalId, { Type, Properties = {} }]) =>
      Type === type ? [{ logicalId, properties: Properties }] : [],
    );
  return {
    stackName: stackNameOf(stage),
    region,
    secrets: ofType('AWS::SecretsManager::Secret').map(({ logicalId, properties }) => ({
      logicalId,
      name: String(properties['Name']),
    })),
    ownSecrets: Object.values(Template.parse(template).Outputs ?? {}).flatMap(({ Value }) =>
      typeof Value === 'string' && /^arn:[^:]*:secretsmanager:/.test(Value) ? [Value] : [],
    ),
    dashboards: (inRegion) =>
      ofType('AWS::CloudWatch::Dashboard').map(({ properties }) => resolved(properties['DashboardName'], inRegion)),
    reserved: new Map(
      ofType('AWS::Lambda::Function').flatMap(({ logicalId, properties }) => {
        const count = Number(properties['ReservedConcurrentExecutions'] ?? 0);
        return count > 0 ? [[logicalId, count] as const] : [];
      }),
    ),
  };
}

async function fromFile(file: string) {
  try {
    return { template: JSON.parse(await readFile(file, 'utf8')), region: undefined };
  } catch {
    throw new UsageError(`--template ${file} is not a template: give one that cdk synth wrote`);
  }
}

async function synthesized(name: string) {
  // Loaded here, because they need the CDK.
  const { stageNamed, StageError } = await import('../stages.ts');
  const { createApp } = await import('../order-state-app.ts');
  const outdir = await mkdtemp(join(tmpdir(), 'preflight-'));
  try {
    const stage = stageNamed(name);
    // Code is not deployed from here: no bundles.
    const app = createApp({ stage, outdir, context: { 'aws:cdk:bundling-stacks': [] } });
    const template: unknown = app.synth().getStackByName(stackNameOf(name)).template;
    return { template, region: stage.region };
  } catch (error) {
    if (!(error instanceof StageError)) throw error;
    const sentence = error.message.replace(/\.$/, '').replaceAll('\n', ' ');
    throw new UsageError(`${sentence}; for a stage of your own project, give --template`);
  } finally {
    await rm(outdir, { recursive: true });
  }
}

/** A name that is a string, or is joined from strings and the region. */
function resolved(value: unknown, region: string): string {
  const joined = Join.safeParse(value);
  if (joined.success) {
    const [separator, parts] = joined.data['Fn::Join'];
    return parts.map((part) => resolved(part, region)).join(separator);
  }
  return Reference.safeParse(value).data?.Ref === 'AWS::Region' ? region : String(value);
}
