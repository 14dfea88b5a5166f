import { type Metrics, MetricUnit } from '@aws-lambda-powertools/metrics';
import type { Code } from '../errors.ts';
import {
  essentialSweepMetrics,
  previousKeyMetric,
  type SweepMetric,
  sweepMetrics,
  unsweptMetric,
} from './metric-names.ts';
import type { SweepReport } from './report.ts';

/** Codes of a key that does not work until somebody acts. */
const keyCodes: readonly Code[] = [
  'unauthorized',
  'key_refused',
  'forbidden',
  'account_locked',
  'secret_empty',
  'secret_malformed',
];

/** Publishes the metrics of one sweep by stage: all of them, or only those that the essential alarms read. */
export function publishSweep(metrics: Metrics, report: SweepReport, monitoring?: 'essential'): void {
  const { failed } = report;
  const sumOf = (codes: readonly Code[]) => codes.reduce((sum, code) => sum + (failed[code] ?? 0), 0);
  const values: Readonly<Record<SweepMetric, number>> = {
    Checked: report.checked,
    Changed: report.changed,
    Final: report.final,
    Failed: Object.values(failed).reduce((sum, count) => sum + count, 0),
    Listed: report.listed,
    ListFailed: report.listFailed,
    ListUntrusted: report.listUntrusted ? 1 : 0,
    Discovered: report.discovered,
    Vanished: report.vanished,
    Watched: report.watched,
    Missing: report.missing,
    UnknownState: report.unknown,
    Inconsistent: report.inconsistent,
    Backlog: report.backlog,
    AuthRefused: sumOf(keyCodes),
    RateLimitExhausted: sumOf(['rate_limited_locally']),
    OverCapacity: report.overCapacity ? 1 : 0,
    OldestUnseenSeconds: report.oldestUnseenMs / 1000,
    RetentionHeadroomSeconds: report.retentionHeadroomMs / 1000,
  };
  for (const name of monitoring === 'essential' ? essentialSweepMetrics : sweepMetrics) {
    metrics.addMetric(name, name.endsWith('Seconds') ? MetricUnit.Seconds : MetricUnit.Count, values[name]);
  }
  metrics.publishStoredMetrics();
}

/** Publishes how many accounts of a group nobody sweeps: the alarm on stopped schedules reads it. */
export function publishUnswept(metrics: Metrics, accounts: number): void {
  metrics.addMetric(unsweptMetric, MetricUnit.Count, accounts);
  metrics.publishStoredMetrics();
}

/** Publishes that a previous key stands in for a current one: the alarm on such keys reads it. */
export function publishPreviousKey(metrics: Metrics): void {
  metrics.addMetric(previousKeyMetric, MetricUnit.Count, 1);
  metrics.publishStoredMetrics();
}
