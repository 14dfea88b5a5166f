import { defaultProvider } from '@aws-sdk/credential-provider-node';
import { createClient } from '../../lib/api/client.ts';
import { apiUrl, regionOf } from './api-address.ts';
import { addExamples, addNotes, createCommand } from './command-line.ts';
import type { Context } from './context.ts';
import { accountName, isLoopback, orderIdText } from './options.ts';
import { createSignedFetch } from './signed-fetch.ts';
import { smokeLine, smokeSteps } from './smoke-steps.ts';

export function smokeCommand(name: string, { terminal, fail }: Context) {
  const command = createCommand(name)
    .description('Tests a running stack through its API, step by step, and stops at the first failure.')
    .requiredOption('--url <url>', 'the API, as the deployment or npm start shows it', apiUrl)
    .requiredOption('--account <name>', 'an account of the stage', accountName)
    .requiredOption(
      '--order <id>',
      'one of its orders: one that the exchange knows, or a final one',
      orderIdText('--order'),
    )
    .option('--region <name>', 'AWS region (default: that of the URL, else that of the environment)')
    .option('--json', 'print JSON, a line for each step')
    .action(async ({ url, account, order, region, json }) => {
      const fetch = isLoopback(url) ? undefined : createSignedFetch(defaultProvider(), regionOf(url, region));
      const client = createClient({ url, fetch });
      for (const step of smokeSteps(client, account, order)) {
        const startedAt = performance.now();
        const result = await step.try().then(
          (saw) => ({ ok: true, saw }),
          (thrown: unknown) => ({ ok: false, saw: smokeLine(thrown) }),
        );
        const ms = Math.round(performance.now() - startedAt);
        if (json) terminal.out(`${JSON.stringify({ step: step.name, ...result, ms })}\n`);
        else
          terminal.out(`${result.ok ? 'ok    ' : 'FAILED'}  ${`${ms} ms`.padStart(8)}  ${step.name}: ${result.saw}\n`);
        if (!result.ok) return fail();
      }
    });
  addExamples(
    command,
    ['--url https://API.execute-api.REGION.amazonaws.com --account main --order 39004881276768256'],
    ['--url http://127.0.0.1:3000 --account main --order 39004881276768256'],
  );
  addNotes(
    command,
    `Requests are signed with your own AWS credentials; on this machine none are needed. Nothing changes, except that the order
is checked, and watched if it is not final. Exit codes: 0 all steps passed, 1 a step failed, 2 wrong options.`,
  );
  return command;
}
