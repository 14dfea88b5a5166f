import { Command, CommanderError, InvalidArgumentError, Option } from '@commander-js/extra-typings';
import { defaultKey, startExchange } from './server.ts';
import { emulatedDialects } from './wire.ts';

const name = 'node test/emulator/exchange/main.ts';

function portNumber(given: string): number {
  if (/^\d{1,5}$/.test(given) && Number(given) <= 65_535) return Number(given);
  throw new InvalidArgumentError('It is a whole number from 0 to 65535.');
}

const command = new Command(name)
  .description('Runs the test exchange on loopback until SIGINT or SIGTERM, and prints its base URL.')
  .addOption(new Option('--dialect <name>', 'how it speaks').choices(emulatedDialects).default('orangex' as const))
  .option('--port <n>', 'its port; 0 takes any free one', portNumber, 0)
  .helpOption('--help', 'show this')
  .addHelpText(
    'after',
    `
Its key is EXCHANGE_CLIENT_ID and EXCHANGE_CLIENT_SECRET from the environment; without them, ${defaultKey.clientId} and
${defaultKey.clientSecret}. It holds the order of the specification's example.`,
  )
  .configureOutput({
    outputError: (message, write) => write(`${message.trim().replace(/\.$/, '')}. See: ${name} --help\n`),
  })
  .exitOverride()
  .action(async ({ dialect, port }) => {
    const clientId = process.env['EXCHANGE_CLIENT_ID'] ?? defaultKey.clientId;
    const clientSecret = process.env['EXCHANGE_CLIENT_SECRET'] ?? defaultKey.clientSecret;
    const exchange = await startExchange({ dialect, port, keys: [{ clientId, clientSecret }] });
    process.stdout.write(`${exchange.url}\n`);
    process.once('SIGINT', exchange.stop);
    process.once('SIGTERM', exchange.stop);
  });

try {
  await command.parseAsync();
} catch (error) {
  if (!(error instanceof CommanderError)) throw error;
  process.exitCode = error.exitCode === 0 ? 0 : 2;
}
