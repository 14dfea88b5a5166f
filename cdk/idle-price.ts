import { essentialSweepMetrics, sweepMetrics } from '../lib/sweep/metric-names.ts';
import { functionSettings } from './functions.ts';
import type { ResolvedStage } from './stages.ts';
import { each, resourcesIn } from './template-resources.ts';

/** AWS list prices, us-east-1, US dollars, as of 2025-06. Free tiers are left out, except the three free dashboards. */
const prices = {
  customMetric: 0.3,
  alarmMetric: 0.1,
  compositeAlarm: 0.5,
  secret: 0.4,
  schedulerInvocation: 1 / 1e6,
  lambdaRequest: 0.2 / 1e6,
  lambdaGigabyteSecond: 0.0000133334,
  writeUnit: 0.625 / 1e6,
  readUnit: 0.125 / 1e6,
  logGigabyte: 0.5,
} as const;

const minutesPerMonth = 730 * 60;

/** What a tick of a group without orders uses at most; its accounts are swept concurrently. */
const idleTick = { seconds: 0.5, gigabytes: functionSettings['check-open-orders'].memoryMb / 1024 } as const;
/** What one account's sweep adds to it: lease, account item and index queries; its log lines and metrics. */
const idleSweep = { writeUnits: 4, readUnits: 4, logBytes: 3_000 } as const;

type CostItem = { readonly what: string; readonly count: number; readonly dollars: number };

/** What a stage without orders and requests costs a month, from its template and its metrics. */
export function idlePrice(template: string, stage: ResolvedStage): readonly CostItem[] {
  const resources = resourcesIn(template);
  const ofType = (type: string) => resources.filter(({ Type }) => Type === type);
  const alarmMetrics = ofType('AWS::CloudWatch::Alarm').reduce(
    // Of a sum, all but the expression itself.
    (sum, { Properties: { Metrics: metrics } }) => sum + (metrics === undefined ? 1 : each(metrics).length - 1),
    0,
  );
  const accounts = Object.keys(stage.runtime.accounts).length;
  const perStage = stage.monitoring === 'full' ? sweepMetrics : essentialSweepMetrics;
  // One more of groups, and those of the synthetic check.
  const metrics = perStage.length + 1 + ofType('AWS::Logs::MetricFilter').length;
  const tick =
    prices.schedulerInvocation +
    prices.lambdaRequest +
    idleTick.seconds * idleTick.gigabytes * prices.lambdaGigabyteSecond;
  const sweep =
    idleSweep.writeUnits * prices.writeUnit +
    idleSweep.readUnits * prices.readUnit +
    (idleSweep.logBytes / 1e9) * prices.logGigabyte;
  return [
    { what: 'custom metrics', count: metrics, unit: prices.customMetric },
    { what: 'alarm metrics', count: alarmMetrics, unit: prices.alarmMetric },
    {
      what: 'composite alarms',
      count: ofType('AWS::CloudWatch::CompositeAlarm').length,
      unit: prices.compositeAlarm,
    },
    { what: 'secrets', count: ofType('AWS::SecretsManager::Secret').length, unit: prices.secret },
    { what: 'idle ticks', count: stage.schedules.length * minutesPerMonth, unit: tick },
    { what: 'idle sweeps', count: accounts * minutesPerMonth, unit: sweep },
  ].map(({ what, count, unit }) => ({ what, count, dollars: count * unit }));
}

export function totalDollars(items: readonly CostItem[]): number {
  return items.reduce((sum, { dollars }) => sum + dollars, 0);
}
