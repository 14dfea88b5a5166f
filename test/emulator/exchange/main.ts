import { addNotes, createCommand, oneOf, runMain, wholeNumber } from '../../../cdk/ops/command-line.ts';
import { defaultKey, startExchange } from './server.ts';
import { emulatedDialects } from './wire.ts';

const command = createCommand('node test/emulator/exchange/main.ts')
  .description('Runs the exchange for tests by hand, on loopback, until SIGINT or SIGTERM, and prints its base URL.')
  .option(
    '--dialect <name>',
    `how it speaks: ${emulatedDialects.join(' or ')}`,
    oneOf('--dialect', emulatedDialects),
    'orangex',
  )
  .option('--port <n>', 'its port; 0 takes any free one', wholeNumber('--port', 0, 65_535), 0)
  .action(async ({ dialect, port }) => {
    const clientId = process.env['EXCHANGE_CLIENT_ID'] ?? defaultKey.clientId;
    const clientSecret = process.env['EXCHANGE_CLIENT_SECRET'] ?? defaultKey.clientSecret;
    const exchange = await startExchange({ dialect, port, keys: [{ clientId, clientSecret }] });
    process.stdout.write(`${exchange.url}\n`);
    process.once('SIGINT', exchange.stop);
    process.once('SIGTERM', exchange.stop);
  });
addNotes(
  command,
  `Its key is EXCHANGE_CLIENT_ID and EXCHANGE_CLIENT_SECRET from the environment; without them, ${defaultKey.clientId} and
${defaultKey.clientSecret}. It holds the order of the specification's example.`,
);
await runMain(command);
