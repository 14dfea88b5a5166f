import type { Outage } from './fault-schedule.ts';
import { randomScenario, simulationStart } from './scenario.ts';
import { noFaults, simulate } from './simulate.ts';
import { trade } from './trading.ts';
import { quantile, type Transition } from './verdict.ts';

const minute = 60_000;
const hour = 60 * minute;
const hours = 6;
const orders = 150;
/** An order that has not changed for this long rests. */
const restsMs = 10 * minute;

type Delay = { readonly median_ms: number; readonly p99_ms: number };
export type Delays = {
  readonly calm: { readonly resting: Delay; readonly active: Delay; readonly all: Delay };
  readonly faulty: { readonly all: Delay };
};

/** How long it takes from a transition to its snapshot: while nothing goes wrong, and with every fault. */
export async function delays(seeds: number): Promise<Delays> {
  const undisturbed: Transition[] = [];
  const faulty: number[] = [];
  for (let seed = 1; seed <= seeds; seed++) {
    undisturbed.push(...(await inCalm(seed)));
    faulty.push(...(await withFaults(seed)));
  }
  const delaysOf = (transitions: readonly Transition[]) => transitions.map(({ at, seenAt }) => seenAt - at);
  return {
    calm: {
      resting: summaryOf(delaysOf(undisturbed.filter(({ restedMs }) => restedMs >= restsMs))),
      active: summaryOf(delaysOf(undisturbed.filter(({ restedMs }) => restedMs < restsMs))),
      all: summaryOf(delaysOf(undisturbed)),
    },
    faulty: { all: summaryOf(faulty) },
  };
}

async function inCalm(seed: number): Promise<readonly Transition[]> {
  const end = simulationStart + hours * hour;
  const { transitions } = await simulate({
    seed,
    dialect: seed % 2 === 0 ? 'orangex' : 'deribit',
    start: simulationStart,
    end,
    outages: [],
    rates: noFaults,
    script: (stage) => trade(stage, { orders, from: simulationStart, to: end - 45 * minute }),
  });
  return transitions;
}

/** Only time counts in which the exchange could be reached and replied. */
async function withFaults(seed: number): Promise<readonly number[]> {
  const scenario = randomScenario({ seed, orders, hours });
  const { transitions } = await simulate(scenario);
  return transitions.map(({ at, seenAt }) => seenAt - at - lostMs(scenario.outages, at, seenAt));
}

function lostMs(outages: readonly Outage[], from: number, to: number): number {
  let lost = 0;
  let until = from;
  for (const outage of outages.toSorted((a, b) => a.from - b.from)) {
    lost += Math.max(0, Math.min(outage.to, to) - Math.max(outage.from, until));
    until = Math.max(until, outage.to);
  }
  return lost;
}

function summaryOf(all: readonly number[]): Delay {
  const sorted = all.toSorted((a, b) => a - b);
  return { median_ms: quantile(sorted, 0.5), p99_ms: quantile(sorted, 0.99) };
}

export function delayLines({ calm, faulty }: Delays): string {
  const seconds = (ms: number) => `${(ms / 1000).toFixed(1)} s`.padStart(10);
  const line = (name: string, { median_ms, p99_ms }: Delay) =>
    `${name.padEnd(28)}${seconds(median_ms)}${seconds(p99_ms)}`;
  return [
    'From a transition to its snapshot; with faults, only time counts in which the exchange replied.',
    `${''.padEnd(28)}${'median'.padStart(10)}${'p99'.padStart(10)}`,
    line('calm, resting for 10 min', calm.resting),
    line('calm, active', calm.active),
    line('calm, all', calm.all),
    line('with faults, all', faulty.all),
  ].join('\n');
}
