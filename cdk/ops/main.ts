/** `npm run ops`: the operator's commands; see the help texts. */
import { systemClock } from '../../lib/clock.ts';
import { operate } from './operate.ts';
import { createTerminal } from './terminal.ts';

const environment = { terminal: createTerminal(process), clock: systemClock };
process.exitCode = await operate(process.argv.slice(2), environment);
