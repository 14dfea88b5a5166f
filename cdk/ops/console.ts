import { once } from 'node:events';
import { defaultProvider } from '@aws-sdk/credential-provider-node';
import { apiUrl, regionOf } from './api-address.ts';
import { addExamples, addNotes, createCommand, UsageError, wholeNumber } from './command-line.ts';
import { readConsoleFiles } from './console-files.ts';
import { startConsoleServer } from './console-server.ts';
import type { Context } from './context.ts';
import { isLoopback } from './options.ts';
import { createSignedFetch } from './signed-fetch.ts';
import { findApi } from './stack.ts';

export function consoleCommand({ terminal }: Context) {
  const command = createCommand('console')
    .description('Shows accounts, orders and their history in a browser on this machine, until Ctrl+C.')
    .option('--stage <name>', 'name of the stage')
    .option('--url <url>', "the API, if it is not the stage's", apiUrl)
    .option('--region <name>', 'AWS region (default: that of the URL, else that of the environment)')
    .option('--port <n>', 'port on 127.0.0.1; 0 takes any free port', wholeNumber('--port', 0, 65_535), 0)
    .action(async ({ stage, url: given, region, port }) => {
      if ((stage ?? given) === undefined) throw new UsageError('Give --stage or --url');
      const url = given ?? (await findApi({ stage, region }));
      const signed = isLoopback(url) ? globalThis.fetch : createSignedFetch(defaultProvider(), regionOf(url, region));
      const server = await startConsoleServer({ files: await readConsoleFiles(), url, fetch: signed, port });
      terminal.out(`Console of ${stage ?? url}: ${server.url}\n`);
      terminal.log('Only this address opens it, and only on this machine. Ctrl+C ends it.\n');
      await Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM')]);
      await server.stop();
    });
  addExamples(
    command,
    ['--stage prod'],
    ['--url http://127.0.0.1:3000', 'what npm start runs; it has the console at / too'],
  );
  addNotes(
    command,
    `Requests are signed with your own AWS credentials; on this machine none are needed. It reads the table through the API,
and starts or stops the watch of an order when you press that button; it never calls the exchange on its own, except for an
order whose latest check did not confirm it. A stage whose API takes JWTs refuses
them. Exit codes: 0 ended, 1 failed, 2 wrong options.`,
  );
  return command;
}
