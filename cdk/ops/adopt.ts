import { writeFile } from 'node:fs/promises';
import { CloudFormationClient } from '@aws-sdk/client-cloudformation';
import { RestoreSecretCommand } from '@aws-sdk/client-secrets-manager';
import { addExamples, addNotes, createCommand, UsageError } from './command-line.ts';
import type { Context } from './context.ts';
import { deployedResources, secretNamed } from './deployed-resources.ts';
import { endpointUrl } from './options.ts';
import { clientConfigOf, createSecrets } from './stack.ts';
import { readStageTemplate } from './stage-template.ts';

export function adoptCommand({ terminal }: Context) {
  const command = createCommand('adopt')
    .description('Takes the secrets of removed accounts or of a destroyed stage back into the stack.')
    .requiredOption('--stage <name>', 'name of the stage')
    .option('--template <file>', 'its synthesized template, for a stage of your own project')
    .option('--out <file>', 'the mapping file to write (default: adopt-STAGE.json)')
    .option('--region <name>', 'AWS region (default: that of the environment or of the AWS profile)')
    .option('--endpoint <url>', 'one address for all AWS services', endpointUrl)
    .action(async ({ stage, template: file, out = `adopt-${stage}.json`, ...target }) => {
      const { stackName, secrets } = await readStageTemplate(stage, file);
      const deployed = await deployedResources(new CloudFormationClient(clientConfigOf(target)), stackName);
      const client = createSecrets(target);
      const mapping: Record<string, { readonly Id: string }> = {};
      for (const { logicalId, name } of secrets) {
        const found = await secretNamed(client, name);
        if (found === undefined || deployed?.get(logicalId) === found.arn) continue;
        if (found.deleted) await client.send(new RestoreSecretCommand({ SecretId: found.arn }));
        terminal.out(`${name}: ${found.deleted ? 'restored from deletion, ' : ''}kept, with the key that it holds.\n`);
        mapping[logicalId] = { Id: found.arn };
      }
      if (Object.keys(mapping).length === 0) {
        terminal.out('Nothing to adopt: no secret of the stage is kept outside its stack.\n');
        return;
      }
      await writeFile(out, `${JSON.stringify(mapping, null, 2)}\n`).catch((error: NodeJS.ErrnoException) => {
        throw new UsageError(`--out ${out} cannot be written (${error.code})`);
      });
      // Pending changes of the functions are not part of an import; the deployment after it applies them.
      const force = deployed === undefined ? '' : ' --force';
      const importing = `npx cdk import -c stage=${stage} --resource-mapping ${out}${force}`;
      terminal.out(`Next: ${importing}\nThen: npx cdk deploy -c stage=${stage}\n`);
    });
  addExamples(command, ['--stage prod']);
  addNotes(
    command,
    `It restores secrets that are scheduled for deletion, and writes the mapping file with which cdk import takes them into the
stack. It never reads or changes a key. Exit codes: 0 done, 1 failed, 2 wrong options.`,
  );
  return command;
}
