import { parseArgs } from 'node:util';
import { defaultKey, type ExchangeOptions, startExchange } from './server.ts';

const help = `Runs the exchange for testers by hand, on loopback, until SIGINT or SIGTERM.

  node test/emulator/exchange/main.ts [--dialect orangex|deribit] [--port N]

  --dialect  how it talks; orangex by default
  --port     a free one by default

It prints its base URL. Its key is EXCHANGE_CLIENT_ID and EXCHANGE_CLIENT_SECRET from the environment;
without them, ${defaultKey.clientId} and ${defaultKey.clientSecret}. The order of the specification's example lives in it.
`;

await main();

async function main(): Promise<void> {
  const options = readOptions();
  if (options === undefined) return;
  const exchange = await startExchange(options).catch((thrown: unknown) => {
    refuse(thrown instanceof Error ? thrown.message : String(thrown));
  });
  if (!exchange) return;
  process.stdout.write(`${exchange.url}\n`);
  const stop = () => exchange.stop();
  process.once('SIGINT', stop);
  process.once('SIGTERM', stop);
}

function readOptions(): ExchangeOptions | undefined {
  const clientId = process.env['EXCHANGE_CLIENT_ID'] ?? defaultKey.clientId;
  const clientSecret = process.env['EXCHANGE_CLIENT_SECRET'] ?? defaultKey.clientSecret;
  try {
    const { values } = parseArgs({
      options: {
        dialect: { type: 'string', default: 'orangex' },
        port: { type: 'string', default: '0' },
        help: { type: 'boolean', short: 'h', default: false },
      },
    });
    const { dialect, port } = values;
    if (values.help) process.stdout.write(help);
    else if (dialect !== 'orangex' && dialect !== 'deribit') refuse(`--dialect is orangex or deribit, not ${dialect}.`);
    else if (!/^\d{1,5}$/.test(port) || Number(port) > 65_535) refuse(`--port is a number up to 65535, not ${port}.`);
    else return { dialect, port: Number(port), keys: [{ clientId, clientSecret }] };
  } catch (thrown) {
    refuse(thrown instanceof Error ? thrown.message : String(thrown));
  }
  return undefined;
}

function refuse(why: string): undefined {
  process.stderr.write(`${why}\n`);
  process.exitCode = 2;
}
