#!/usr/bin/env node
/** The command of the installed package, `npx order-state-snapshots`: see its help. */
import { systemClock } from '../../lib/clock.ts';
import { operate } from './operate.ts';
import { createTerminal } from './terminal.ts';

const context = { terminal: createTerminal(process), clock: systemClock };
process.exitCode = await operate('npx order-state-snapshots', process.argv.slice(2), context);
