/** `npm run smoke`: see its help. */
import { systemClock } from '../../lib/clock.ts';
import { operate } from './operate.ts';
import { createTerminal } from './terminal.ts';

const context = { terminal: createTerminal(process), clock: systemClock };
process.exitCode = await operate('npm run smoke --', process.argv.slice(2), context);
