import { visible } from '../lib/visible.ts';
import { seedId } from './emulator/exchange/seed-order.ts';
import { getOrder } from './start/get-order.ts';
import { type Options, parseOptions, WrongOption } from './start/options.ts';
import { startLocal } from './start/run.ts';
import { demoNotice, nextSteps, orderTable, summary, title } from './start/terminal.ts';
import { type BusEvent, createTransitionLines, isShown, transitionsHeader } from './start/transitions.ts';

const requested = await parseOptions(process.argv.slice(2), process.env);
if (requested.kind === 'help') {
  process.stdout.write(requested.text);
} else if (requested.kind === 'wrong') {
  console.error(requested.line);
  process.exitCode = 2;
} else {
  process.exitCode = await serve(requested);
}

/** Serves until a signal, or until the table cannot be kept; returns the exit code. */
async function serve(options: Options): Promise<number> {
  const stopping = new AbortController();
  const stopped = new Promise<void>((resolve) => {
    stopping.signal.addEventListener('abort', () => resolve());
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
      process.on(signal, () => {
        stopping.abort();
        // One request may arrive several times at once: from the terminal, npm and the launcher. A user who repeats it
        // later does not want to wait.
        setTimeout(() => process.removeAllListeners(signal), 1000).unref();
      });
    }
  });
  let failure: string | undefined;
  const unwritable = (reason: string) => {
    failure = `--data ${options.data} cannot be written (${reason}). Every response so far is kept: make room, and start again`;
    stopping.abort();
  };
  const end = () => {
    if (failure !== undefined) console.error(failure);
    return failure === undefined ? 0 : 1;
  };
  try {
    console.log(title);
    const { signal } = stopping;
    const lineOf = createTransitionLines();
    // What changes before the table has its head waits for it.
    let show = (line: string): void => void early.push(line);
    const early: string[] = [];
    const onEvent = (event: BusEvent) => {
      if (isShown(event)) show(lineOf(event, Date.now(), width()));
    };
    const run = await startLocal({ options, signal, failed, onEvent, unwritable });
    try {
      const builtIn = options.exchange === undefined;
      console.log(summary(run, { ...options, builtIn }, width()));
      if (builtIn)
        console.log(
          orderTable(await getOrder(`${run.url}/accounts/${options.account}/orders/${seedId}`, signal), width()),
        );
      console.log(nextSteps(run, options.account, builtIn ? seedId : 'ORDER_ID'));
      if (run.stack.mappings.length > 0) {
        if (options.demo) console.log(demoNotice);
        console.log(transitionsHeader(width()));
        show = (line) => console.log(line);
        early.forEach(show);
        if (options.demo) run.play();
      }
      await stopped;
    } finally {
      await run.stop();
    }
    return end();
  } catch (error) {
    if (stopping.signal.aborted) return end();
    if (error instanceof WrongOption) {
      console.error(error.line);
      return 2;
    }
    console.error(visible(`Cannot start: ${error instanceof Error ? error.message : String(error)}`));
    return 1;
  }
}

/** Of the terminal, in characters; without one, lines may have any length. */
function width(): number {
  return process.stdout.columns || Infinity;
}

function failed(functionName: string, errorType: string, errorMessage: string): void {
  console.error(visible(`${functionName} failed: ${errorType}: ${errorMessage}`));
}
