import { CloudFormationClient } from '@aws-sdk/client-cloudformation';
import { CloudWatchClient, paginateListDashboards } from '@aws-sdk/client-cloudwatch';
import { GetAccountSettingsCommand, GetFunctionConcurrencyCommand, LambdaClient } from '@aws-sdk/client-lambda';
import type { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { GetParameterCommand, ParameterNotFound, SSMClient } from '@aws-sdk/client-ssm';
import { addExamples, addNotes, createCommand } from './command-line.ts';
import type { Context } from './context.ts';
import { deployedResources, secretNamed } from './deployed-resources.ts';
import { errorLine } from './error-line.ts';
import { endpointUrl, type Target } from './options.ts';
import { clientConfigOf, createSecrets } from './stack.ts';
import { readStageTemplate, type StageTemplate } from './stage-template.ts';

/** What CDK's synthesizer requires of the bootstrap stack. */
const minBootstrapVersion = 6;
const bootstrapParameter = '/cdk-bootstrap/hnb659fds/version';
/** Lambda refuses a reservation that leaves less than this for all other functions. */
const minUnreserved = 100;

type Finding = { readonly ok: boolean; readonly what: string; readonly line: string };

export function preflightCommand({ terminal, fail }: Context) {
  const command = createCommand('preflight')
    .description('Checks before a deployment whether anything in the AWS account would make it fail.')
    .requiredOption('--stage <name>', 'name of the stage')
    .option('--template <file>', 'its synthesized template, for a stage of your own project')
    .option('--region <name>', 'AWS region (default: that of the environment or of the AWS profile)')
    .option('--endpoint <url>', 'one address for all AWS services', endpointUrl)
    .option('--json', 'print JSON')
    .action(async ({ stage, template: file, json, ...target }) => {
      const template = await readStageTemplate(stage, file);
      const findings = await checkAll(template, target, stage);
      for (const { ok, what, line } of json ? [] : findings)
        terminal.out(`${ok ? 'ok    ' : 'FAILED'}  ${what}: ${line}\n`);
      if (json) terminal.out(`${JSON.stringify(findings)}\n`);
      if (!findings.every(({ ok }) => ok)) fail();
    });
  addExamples(command, ['--stage prod'], ['--stage desk --template cdk.out/order-state-snapshots-desk.template.json']);
  addNotes(
    command,
    'It only reads. Exit codes: 0 nothing found that would make the deployment fail, 1 something found, 2 wrong options.',
  );
  return command;
}

async function checkAll(template: StageTemplate, target: Target, stage: string): Promise<readonly Finding[]> {
  const stack = new CloudFormationClient(clientConfigOf(target));
  const region = await stack.config.region();
  const deployed = await deployedResources(stack, template.stackName);
  const owned = new Map(deployed);
  const secrets = createSecrets(target);
  return [
    checkRegion(template, region, deployed !== undefined),
    await attempt('bootstrap', () => checkBootstrap(new SSMClient(clientConfigOf(target)))),
    await attempt('concurrency', () => checkConcurrency(new LambdaClient(clientConfigOf(target)), template, owned)),
    ...(await Promise.all(
      template.secrets.map(({ name }) =>
        attempt(`secret ${name}`, async () => {
          const found = await secretNamed(secrets, name);
          if (found === undefined) return good('the name is free');
          if ([...owned.values()].includes(found.arn)) return good('belongs to the stack');
          if (found.deleted)
            return bad(`scheduled for deletion, which keeps the name: ops adopt --stage ${stage} takes it back`);
          return bad(`kept from an earlier deployment: ops adopt --stage ${stage} takes it back`);
        }),
      ),
    )),
    ...(await Promise.all(
      template.ownSecrets.map((arn) => attempt(`secret ${arn}`, () => checkOwnSecret(secrets, arn))),
    )),
    ...(await Promise.all(
      template
        .dashboards(region)
        .map((name) =>
          attempt(`dashboard ${name}`, () => checkDashboard(new CloudWatchClient(clientConfigOf(target)), name, owned)),
        ),
    )),
  ];
}

function checkRegion(template: StageTemplate, region: string, isDeployed: boolean): Finding {
  const what = 'region';
  if (template.region !== undefined && template.region !== region)
    return { what, ...bad(`the stage is for ${template.region}, not ${region}: give --region ${template.region}`) };
  return { what, ...good(`${region}, ${isDeployed ? 'which has the stack' : 'which does not have the stack yet'}`) };
}

async function checkBootstrap(client: SSMClient) {
  const command = new GetParameterCommand({ Name: bootstrapParameter });
  const version = await client.send(command).then(
    ({ Parameter }) => Number(Parameter?.Value),
    (error: unknown) => {
      if (error instanceof ParameterNotFound) return undefined;
      throw error;
    },
  );
  if (version === undefined) return bad('CDK is not set up here: run npx cdk bootstrap');
  if (version < minBootstrapVersion)
    return bad(`version ${version}, but ${minBootstrapVersion} is required: run npx cdk bootstrap`);
  return good(`version ${version}`);
}

async function checkConcurrency(client: LambdaClient, { reserved }: StageTemplate, owned: ReadonlyMap<string, string>) {
  if (reserved.size === 0) return good('the stage reserves none');
  let [wanted, held] = [0, 0];
  for (const [logicalId, count] of reserved) {
    wanted += count;
    const FunctionName = owned.get(logicalId);
    if (FunctionName === undefined) continue;
    const { ReservedConcurrentExecutions = 0 } = await client.send(new GetFunctionConcurrencyCommand({ FunctionName }));
    held += ReservedConcurrentExecutions;
  }
  const { AccountLimit } = await client.send(new GetAccountSettingsCommand({}));
  const { ConcurrentExecutions: quota = 0, UnreservedConcurrentExecutions: unreserved = 0 } = AccountLimit ?? {};
  const left = unreserved + held - wanted;
  if (left >= minUnreserved) return good(`${wanted} reserved of ${quota} leave ${left} unreserved`);
  const needed = quota + minUnreserved - left;
  return bad(
    `${wanted} reserved of ${quota} would leave ${left} unreserved, and Lambda keeps ${minUnreserved}: set ` +
      `reserveConcurrency: false, or request a quota of ${needed}`,
  );
}

/**
 * Whether the ARN is whole: a name may end like the suffix that Secrets Manager adds, and then an ARN without it looks
 * complete. IAM would allow it, and no secret has it.
 */
async function checkOwnSecret(client: SecretsManagerClient, arn: string) {
  const found = await secretNamed(client, arn);
  if (found === undefined)
    return bad('there is no such secret: give secretArn as aws secretsmanager list-secrets shows it');
  if (found.arn !== arn) return bad(`is not the whole ARN: set secretArn to ${found.arn}`);
  return found.deleted ? bad('scheduled for deletion: restore it, or name another') : good('exists');
}

async function checkDashboard(client: CloudWatchClient, name: string, owned: ReadonlyMap<string, string>) {
  if ([...owned.values()].includes(name)) return good('belongs to the stack');
  for await (const { DashboardEntries = [] } of paginateListDashboards({ client }, { DashboardNamePrefix: name }))
    if (DashboardEntries.some(({ DashboardName }) => DashboardName === name))
      return bad('the name is taken in this AWS account, in any region: delete that dashboard');
  return good('the name is free');
}

function good(line: string) {
  return { ok: true, line };
}

function bad(line: string) {
  return { ok: false, line };
}

/** A check that cannot be made has failed. */
async function attempt(what: string, check: () => Promise<Omit<Finding, 'what'>>): Promise<Finding> {
  return { what, ...(await check().catch((error: unknown) => bad(`could not be checked: ${errorLine(error)}`))) };
}
