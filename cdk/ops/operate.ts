import { accountCommand } from './account-add.ts';
import { accountsCommand } from './accounts.ts';
import { adoptCommand } from './adopt.ts';
import { addNotes, createCommand, runCommand } from './command-line.ts';
import { consoleCommand } from './console.ts';
import type { Context } from './context.ts';
import { errorLine } from './error-line.ts';
import { exportCommand } from './export.ts';
import { keysCommand } from './keys.ts';
import { orderCommand } from './order.ts';
import { ordersCommand } from './orders.ts';
import { pauseCommand } from './pause.ts';
import { preflightCommand } from './preflight.ts';
import { redriveCommand } from './redrive.ts';
import { republishCommand } from './republish.ts';
import { restoreCommand } from './restore.ts';
import { smokeCommand } from './smoke-command.ts';
import { safeTerminal } from './terminal.ts';
import { verifyCommand } from './verify.ts';

/** What each entry point offers, by the words that a person types for it. */
const programs = {
  'npm run ops --': opsCommand,
  'npm run smoke --': smokeCommand,
  'npx order-state-snapshots': (name: string, context: Context) => {
    const command = createCommand(name).description(
      'Operates and tests a deployed stack, with your own AWS credentials.',
    );
    command.addCommand(opsCommand('ops', context)).addCommand(smokeCommand('smoke', context));
    return command;
  },
} as const;

export type Program = keyof typeof programs;

/** Runs one command; returns the exit code: 0 done, 1 failed, 2 wrong options. Whatever goes wrong is one line. */
export async function operate(
  program: Program,
  args: readonly string[],
  { terminal: unsafe, clock }: Omit<Context, 'fail'>,
): Promise<0 | 1 | 2> {
  const terminal = safeTerminal(unsafe);
  let failed = false;
  const fail = () => {
    failed = true;
  };
  try {
    const code = await runCommand(programs[program](program, { terminal, clock, fail }), args, terminal);
    return failed ? 1 : code;
  } catch (error) {
    terminal.log(`${errorLine(error)}\n`);
    return 1;
  }
}

function opsCommand(name: string, context: Context) {
  const command = createCommand(name).description(
    'Operates a deployed stack, or the one that npm start runs, with your own AWS credentials.',
  );
  const commands = [
    preflightCommand,
    adoptCommand,
    accountCommand,
    keysCommand,
    accountsCommand,
    ordersCommand,
    orderCommand,
    consoleCommand,
    exportCommand,
    verifyCommand,
    restoreCommand,
    pauseCommand,
    republishCommand,
    redriveCommand,
  ];
  for (const create of commands) command.addCommand(create(context));
  addNotes(command, 'Exit codes: 0 done, 1 failed or differences found, 2 wrong options.');
  return command;
}
