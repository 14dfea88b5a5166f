import type { Logger } from '@aws-lambda-powertools/logger';
import type { Metrics } from '@aws-lambda-powertools/metrics';
import type { MiddlewareObj } from '@middy/core';
import * as z from 'zod/mini';
import { asFailure } from '../errors.ts';
import { describeFailure } from '../log.ts';
import type { TickReport } from './check-open-orders.ts';
import { publishSweep, publishTick } from './metrics.ts';

type ReportTicksDeps = {
  readonly logger: Logger;
  readonly metrics: Metrics;
  /** As in the stage. */
  readonly monitoring?: 'essential' | undefined;
};

const Event = z.object({ account: z.string() });

/** Not `z.catch`, which brings 4 KB into the bundle. */
function accountOf(event: unknown): string {
  return Event.safeParse(event).data?.account ?? 'unknown';
}

/**
 * The middleware of the schedule's handler: one log line for each tick, and the metrics that the alarms read. An error
 * is thrown on, so that Lambda counts it and the dead-letter queue receives the event.
 */
export function reportTicks({ logger, metrics, monitoring }: ReportTicksDeps): MiddlewareObj<unknown, TickReport> {
  return {
    before: ({ event }) => {
      logger.appendKeys({ account: accountOf(event) });
    },
    after: ({ event, response }) => {
      if (response == null) return;
      logger[response.outcome === 'busy' ? 'warn' : 'info']('ticked', logKeys(response));
      if (response.outcome === 'busy') return;
      // A pause is deliberate: the schedule itself works.
      publishTick(metrics, accountOf(event));
      if (response.outcome === 'swept') publishSweep(metrics, response, monitoring);
    },
    onError: ({ error }) => {
      const failure = asFailure(error);
      logger.error('failed', describeFailure(failure));
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
