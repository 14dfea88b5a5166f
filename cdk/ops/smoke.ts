/** `npm run smoke`: see the help text. */
import { parseArgs } from 'node:util';
import { defaultProvider } from '@aws-sdk/credential-provider-node';
import { createClient } from '../../lib/api/client.ts';
import { orderIdPattern } from '../../lib/exchange/order.ts';
import { isWrongUse, lineOf } from './command-error.ts';
import { accountOf, flag, isLoopback, Refusal, text } from './options.ts';
import { createSignedFetch } from './signed-fetch.ts';
import { smokeLine, smokeSteps } from './smoke-steps.ts';

const help = `Asks a running stack what it has to be able to answer, one thing after the other, and ends at the first that is wrong.

  npm run smoke -- --url https://API.execute-api.REGION.amazonaws.com --account main --order 39004881276768256
  npm run smoke -- --url http://127.0.0.1:3000 --account main --order 39004881276768256

Options
  --url URL       of the API, as the deployment or npm start shows it
  --account NAME  an account of the stage
  --order ID      an order of it that the exchange knows, or a final one that the table has
  --region R      AWS region (default: that of the URL, else that of the environment)
  --json          answer in JSON, a line for each step
  --help          show this

Requests are signed with your own AWS credentials; on this machine none are needed. Nothing is changed but that the order
is checked, and watched on if it is not final. Exit codes: 0 all well, 1 something is not, 2 wrong options.
`;

try {
  process.exitCode = await smoke();
} catch (error) {
  const isUsage = isWrongUse(error);
  process.stderr.write(`${lineOf(error)}${isUsage ? '. See: npm run smoke -- --help' : ''}\n`);
  process.exitCode = isUsage ? 2 : 1;
}

async function smoke(): Promise<0 | 1> {
  const { values } = parseArgs({
    options: { url: text, account: text, order: text, region: text, json: flag, help: flag },
  });
  if (values.help) {
    process.stdout.write(help);
    return 0;
  }
  const { url = '', order = '', json } = values;
  if (!/^https?:\/\/[^/?#@]+\/?$/.test(url) || !(url.startsWith('https:') || isLoopback(url)))
    throw new Refusal('--url takes the https address of the API (http only on this machine), without a path');
  const account = accountOf(values.account);
  if (!orderIdPattern.test(order)) throw new Refusal('give the --order, by its id');
  const client = createClient({ url, ...(!isLoopback(url) && { fetch: signedFetch(url, values.region) }) });

  for (const step of smokeSteps(client, account, order)) {
    const startedAt = performance.now();
    const seen = await step.try().then(
      (saw) => ({ ok: true, saw }),
      (thrown: unknown) => ({ ok: false, saw: smokeLine(thrown) }),
    );
    const ms = Math.round(performance.now() - startedAt);
    if (json) process.stdout.write(`${JSON.stringify({ step: step.name, ...seen, ms })}\n`);
    else process.stdout.write(`${seen.ok ? 'ok   ' : 'WRONG'}  ${`${ms} ms`.padStart(8)}  ${step.name}: ${seen.saw}\n`);
    if (!seen.ok) return 1;
  }
  return 0;
}

function signedFetch(url: string, given: string | undefined) {
  const [, ofHost] = /\.execute-api\.([a-z0-9-]+)\./.exec(url) ?? [];
  const region = given ?? ofHost ?? process.env['AWS_REGION'] ?? process.env['AWS_DEFAULT_REGION'];
  if (region === undefined) throw new Refusal('give the --region, for the URL does not tell it');
  return createSignedFetch({ credentials: defaultProvider(), region });
}
