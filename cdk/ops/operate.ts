import { accountAdd } from './account-add.ts';
import type { Command, TestEnvironment } from './command.ts';
import { isWrongUse, lineOf } from './command-error.ts';
import { exportSnapshots } from './export.ts';
import { order } from './order.ts';
import { orders } from './orders.ts';
import { pause } from './pause.ts';
import { redrive } from './redrive.ts';
import { republish } from './republish.ts';
import { verify } from './verify.ts';

const commands: readonly Command[] = [accountAdd, orders, order, exportSnapshots, verify, pause, republish, redrive];

const help = `Operates a deployed stack, or the one that npm start runs, with your own AWS credentials.

${commands.map(({ name, does }) => `  npm run ops -- ${name.padEnd(12)} ${does}`).join('\n')}

npm run ops -- COMMAND --help tells more. Exit codes: 0 done, 1 failed or something differs, 2 wrong options.
`;

/** Runs one command; answers the exit code. Whatever goes wrong is one line. */
export async function operate(args: readonly string[], environment: TestEnvironment): Promise<0 | 1 | 2> {
  const { terminal } = environment;
  const line = args.join(' ');
  const command = commands.find(({ name }) => `${line} `.startsWith(`${name} `));
  if (command === undefined) {
    const [first = ''] = args;
    const isRequested = first === '--help';
    if (isRequested || first === '') terminal.out(help);
    else terminal.log(`There is no command ${first}. See: npm run ops -- --help\n`);
    return isRequested ? 0 : 2;
  }
  if (args.includes('--help')) {
    terminal.out(command.help);
    return 0;
  }
  try {
    return await command.run(args.slice(command.name.split(' ').length), environment);
  } catch (error) {
    const isUsage = isWrongUse(error);
    terminal.log(`${lineOf(error)}${isUsage ? `. See: npm run ops -- ${command.name} --help` : ''}\n`);
    return isUsage ? 2 : 1;
  }
}
