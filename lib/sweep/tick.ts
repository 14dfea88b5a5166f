import type { Logger } from '@aws-lambda-powertools/logger';
import { type Metrics, MetricUnit } from '@aws-lambda-powertools/metrics';
import type { MiddlewareObj } from '@middy/core';
import * as z from 'zod/mini';
import { asFailure, type Code } from '../errors.ts';
import { describeFailure } from '../log.ts';
import type { TickReport } from './check-open-orders.ts';
import type { SweepReport } from './sweep.ts';

export type TickDeps = { readonly logger: Logger; readonly metrics: Metrics };

const Event = z.catch(z.object({ account: z.string() }), { account: 'unknown' });

/**
 * The stack around the schedule's handler: one line a tick in the log, and the metrics that the alarms read. What fails
 * is thrown on, so that Lambda counts it and the dead-letter queue has it.
 */
export function tick({ logger, metrics }: TickDeps): MiddlewareObj<unknown, TickReport> {
  return {
    before: ({ event }) => {
      logger.appendKeys(Event.parse(event));
    },
    after: ({ event, response }) => {
      if (response == null) return;
      logger[response.outcome === 'busy' ? 'warn' : 'info']('ticked', { ...response });
      if (response.outcome === 'busy') return;
      // A pause is a person's decision and no silence.
      const perAccount = metrics.singleMetric();
      perAccount.addDimension('account', Event.parse(event).account);
      perAccount.addMetric('Sweeps', MetricUnit.Count, 1);
      if (response.outcome === 'swept') measure(metrics, response);
    },
    onError: ({ error }) => {
      const failure = asFailure(error);
      logger.error('failed', describeFailure(failure));
      throw failure;
    },
  };
}

function measure(metrics: Metrics, report: SweepReport): void {
  const failed = Object.values(report.failed).reduce((sum, count) => sum + count, 0);
  const counts = {
    Checked: report.checked,
    Changed: report.changed,
    Final: report.final,
    Failed: failed,
    Watched: report.watched,
    Missing: report.missing,
    UnknownState: report.unknown,
    Inconsistent: report.inconsistent,
    Backlog: report.backlog,
    AuthRefused: failuresOfKey(report.failed),
    RateLimitExhausted: report.failed.rate_limited_locally ?? 0,
    OverCapacity: report.over_capacity ? 1 : 0,
  };
  for (const [name, count] of Object.entries(counts)) metrics.addMetric(name, MetricUnit.Count, count);
  metrics.addMetric('OldestUnseenSeconds', MetricUnit.Seconds, report.oldest_unseen_ms / 1000);
  metrics.addMetric('RetentionHeadroomSeconds', MetricUnit.Seconds, report.retention_headroom_ms / 1000);
  metrics.publishStoredMetrics();
}

function failuresOfKey(failed: SweepReport['failed']): number {
  const codes: readonly Code[] = ['unauthorized', 'key_refused', 'forbidden', 'account_locked'];
  const secrets: readonly Code[] = ['secret_empty', 'secret_malformed'];
  return [...codes, ...secrets].reduce((sum, code) => sum + (failed[code] ?? 0), 0);
}
