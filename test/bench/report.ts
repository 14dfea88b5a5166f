import { columns } from '../../cdk/ops/columns.ts';
import { type Figures, type Measured, quantile } from './measure.ts';
import type { Calls } from './servers.ts';

/** One figure of one subject over all rounds. */
type Spread = { readonly median: number; readonly min: number; readonly max: number };

export type SubjectReport = {
  readonly name: string;
  readonly bundle_bytes: number;
  readonly figures: Readonly<Record<keyof Figures, Spread>>;
  /** To the base's figure of the same round; the median over all rounds. */
  readonly ratios: Readonly<Record<keyof Figures, number>>;
  /** Of INIT and the first request together. */
  readonly first_calls: Calls;
  /** Per warm request. */
  readonly warm_calls: Calls;
};

export type Report = {
  readonly rounds: number;
  /** What ratios refer to. */
  readonly base: string;
  readonly bundles: Readonly<Record<string, number>>;
  readonly subjects: readonly SubjectReport[];
};

export type Rounds = { readonly name: string; readonly bundleBytes: number; readonly rounds: readonly Measured[] };

/** Processes of one round ran one after the other, so their ratios cancel out what else the machine did meanwhile. */
export function reportOf(all: readonly Rounds[], base: Rounds, bundles: Report['bundles']): Report {
  return {
    rounds: base.rounds.length,
    base: base.name,
    bundles,
    subjects: all.map(({ name, bundleBytes, rounds }) => ({
      name,
      bundle_bytes: bundleBytes,
      figures: perFigure((figure) => spreadOf(rounds.map(({ figures }) => figures[figure]))),
      ratios: perFigure((figure) => {
        const of = (index: number) => base.rounds[index]?.figures[figure] ?? Number.NaN;
        return quantile(
          rounds.map(({ figures }, index) => figures[figure] / of(index)),
          0.5,
        );
      }),
      first_calls: rounds.at(-1)?.firstCalls ?? {},
      warm_calls: rounds.at(-1)?.warmCalls ?? {},
    })),
  };
}

const figureNames = [
  'init',
  'first_request',
  'init_and_first',
  'init_and_first_cpu',
  'next_20_cpu',
  'warm_cpu',
  'warm_cpu_p50',
  'warm_cpu_p99',
  'warm_wall',
  'peak_rss_mb',
  'log_bytes',
] as const satisfies readonly (keyof Figures)[];

function perFigure<Value>(of: (figure: keyof Figures) => Value): Record<keyof Figures, Value> {
  return {
    init: of('init'),
    first_request: of('first_request'),
    init_and_first: of('init_and_first'),
    init_and_first_cpu: of('init_and_first_cpu'),
    next_20_cpu: of('next_20_cpu'),
    warm_cpu: of('warm_cpu'),
    warm_cpu_p50: of('warm_cpu_p50'),
    warm_cpu_p99: of('warm_cpu_p99'),
    warm_wall: of('warm_wall'),
    peak_rss_mb: of('peak_rss_mb'),
    log_bytes: of('log_bytes'),
  };
}

function spreadOf(values: readonly number[]): Spread {
  return { median: quantile(values, 0.5), min: Math.min(...values), max: Math.max(...values) };
}

const headings: Readonly<Record<keyof Figures, string>> = {
  init: 'INIT',
  first_request: 'first',
  init_and_first: 'INIT + first',
  init_and_first_cpu: 'its CPU',
  next_20_cpu: 'next 20 CPU',
  warm_cpu: 'warm CPU',
  warm_cpu_p50: 'p50',
  warm_cpu_p99: 'p99',
  warm_wall: 'warm wall',
  peak_rss_mb: 'RSS, MB',
  log_bytes: 'log bytes',
};

/** Three tables: the medians with their spread, the ratios, and the calls. */
export function reportLines({ rounds, base, bundles, subjects }: Report): string {
  const head = ['', 'bundle KB', ...figureNames.map((figure) => headings[figure])];
  const kilobytes = (bytes: number) => (bytes / 1024).toFixed(bytes < 10_240 ? 1 : 0);
  const bundleOf = ({ bundle_bytes }: SubjectReport) => kilobytes(bundle_bytes);
  const baseBytes = subjects.find(({ name }) => name === base)?.bundle_bytes ?? Number.NaN;
  return [
    `Medians of ${rounds} fresh processes, and how far they spread; milliseconds, CPU and log bytes per request\n`,
    columns([
      head,
      ...subjects.map((of) => [of.name, bundleOf(of), ...figureNames.map((f) => spreadText(of.figures[f]))]),
    ]),
    `\nRatios to ${base}, taken round by round\n`,
    columns([
      ['', 'bundle', ...head.slice(2)],
      ...subjects.map(({ name, bundle_bytes, ratios }) => [
        name,
        (bundle_bytes / baseBytes).toFixed(2),
        ...figureNames.map((figure) => ratios[figure].toFixed(2)),
      ]),
    ]),
    '\nCalls: of INIT and the first request together; of each warm request\n',
    columns(subjects.map(({ name, first_calls, warm_calls }) => [name, callsText(first_calls), callsText(warm_calls)])),
    `\nBundles of the stack, KB: ${Object.entries(bundles)
      .map(([name, bytes]) => `${name} ${kilobytes(bytes)}`)
      .join(', ')}\n`,
  ].join('');
}

function spreadText({ median, min, max }: Spread): string {
  if (max === 0) return '0';
  return `${median < 99.5 ? median.toPrecision(2) : median.toFixed(0)} ±${((50 * (max - min)) / median).toFixed(0)}%`;
}

function callsText(calls: Calls): string {
  const texts = Object.entries(calls).map(([name, count]) => `${+count.toFixed(2)} ${name}`);
  return texts.length === 0 ? 'none' : texts.join(', ');
}
