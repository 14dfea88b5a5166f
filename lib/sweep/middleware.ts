import type { Metrics } from '@aws-lambda-powertools/metrics';
import type { MiddlewareObj } from '@middy/core';
import { asFailure, Failure } from '../errors.ts';
import { describeFailure, type Logger } from '../log.ts';
import type { TickReport } from './check-open-orders.ts';
import { publishPreviousKey, publishSweep, publishUnswept } from './metrics.ts';

type ReportTicksDeps = {
  readonly logger: Logger;
  readonly metrics: Metrics;
  /** As in the stage. */
  readonly monitoring?: 'essential' | undefined;
};

/** One log line for each account's tick, and the metrics that the alarms read. */
export function reportTicks({ logger, metrics, monitoring }: ReportTicksDeps) {
  return {
    onTick: (account: string, report: TickReport): void => {
      logger[report.outcome === 'busy' ? 'warn' : 'info']('ticked', { account, ...logKeys(report) });
      if (report.outcome === 'swept') publishSweep(metrics, report, monitoring);
    },
    onFailure: (failure: Failure, account?: string): void => {
      logger.error('failed', { account, ...describeFailure(failure) });
    },
    onUnswept: (accounts: readonly string[]): void => {
      if (accounts.length > 0) logger.error('unswept', { accounts });
      publishUnswept(metrics, accounts.length);
    },
    onPreviousKey: (): void => publishPreviousKey(metrics),
  };
}

/**
 * Throws on what the schedule's handler throws, so that Lambda counts it and the dead-letter queue receives the event.
 * A `Failure` has been logged where it happened; anything else is an event that does not name accounts.
 */
export function failTicks(logger: Logger): MiddlewareObj {
  return {
    onError: ({ error }) => {
      const failure = asFailure(error);
      if (!(error instanceof Failure)) logger.error('failed', describeFailure(failure));
      throw failure;
    },
  };
}

function logKeys(report: TickReport): Record<string, unknown> {
  if (report.outcome !== 'swept') return { ...report };
  const { listFailed, listUntrusted, overCapacity, oldestUnseenMs, retentionHeadroomMs, ...others } = report;
  return {
    ...others,
    list_failed: listFailed,
    list_untrusted: listUntrusted,
    over_capacity: overCapacity,
    oldest_unseen_ms: oldestUnseenMs,
    retention_headroom_ms: retentionHeadroomMs,
  };
}
