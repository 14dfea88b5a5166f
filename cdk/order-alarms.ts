import { Duration } from 'aws-cdk-lib';
import { Stats } from 'aws-cdk-lib/aws-cloudwatch';
import type { Stage } from '../lib/stage/stage.ts';
import { previousKeyMetric, unsweptMetric } from '../lib/sweep/metric-names.ts';
import { type AlarmConfig, missingKeepsState, missingMeansAlarm, missingMeansOk } from './alarm-config.ts';
import { serviceMetric } from './metrics.ts';

/** The alarm on accounts without sweeps: each group's tick counts those of the next one. */
function sweepSilent(config: Stage): AlarmConfig {
  return {
    id: 'sweep-silent',
    description: 'has accounts that have not been swept for three minutes',
    means: `Orders of these accounts close without a snapshot: ${minRetentionSeconds(config) / 60} minutes after an order closes, the exchange no longer reports how. First: find the accounts in the newest log line "unswept" of check-open-orders; if there is none, no schedule works. Then read their newest log lines and the messages of the dead-letter queue, and check that their schedule is enabled.`,
    metric: serviceMetric(unsweptMetric, Stats.MAXIMUM, { stage: config.name }),
    periods: { bad: 3, of: 3 },
    missing: missingMeansAlarm,
    essential: true,
  };
}

/** The shortest time for which an exchange of the stage reports closed orders, seconds. */
export function minRetentionSeconds({ accounts }: Stage): number {
  return Math.min(...Object.values(accounts).map((account) => account.keepsClosedOrdersSeconds));
}

/** Orders, and the key that checks them. */
export function orderAlarms(config: Stage): readonly AlarmConfig[] {
  const { name: stage } = config;
  const minutes = minRetentionSeconds(config) / 60;
  const worst = (metricName: string) => serviceMetric(metricName, Stats.MAXIMUM, { stage });
  return [
    sweepSilent(config),
    {
      id: 'missing-orders',
      description: 'has orders that the exchange no longer finds',
      means:
        'The exchange no longer finds orders that it had reported as open, and its histories, which are searched automatically, do not show how they closed: whether they were filled is unknown. They keep their last snapshot and are still checked. First: look them up in the interface of the exchange; once it is clear what happened, stop their watches with DELETE.',
      metric: worst('Missing'),
      missing: missingKeepsState,
    },
    {
      id: 'unknown-states',
      description: 'has orders in an unknown state',
      means:
        'The exchange reports a state that we recognize neither as live nor as final, so these orders are still watched and never reported as closed. First: read order_state in the newest snapshots of the orders that need attention, and look the state up in the documents of the exchange.',
      metric: worst('UnknownState'),
      missing: missingKeepsState,
    },
    {
      id: 'inconsistent-orders',
      description: 'has orders with contradictory replies from the exchange',
      means:
        'Twice in a row, the exchange returned an older version of an order than before. The state that we show may be wrong. First: compare the history of these orders with the interface of the exchange, and rely on neither until they agree.',
      metric: worst('Inconsistent'),
      missing: missingKeepsState,
    },
    {
      id: 'list-untrusted',
      description: 'does not trust the lists of open orders of an account',
      means:
        'The list of an account failed three times in a row, or did not contain an order that is open. Until a list passes, its orders are checked individually, which takes more calls, and new orders are not discovered. First: find the account and the reason with GET /accounts; no action is needed if a list passes within an hour.',
      metric: worst('ListUntrusted'),
      missing: missingKeepsState,
    },
    ...keyAlarms(stage),
    {
      id: 'retention-headroom-low',
      description: 'is about to lose track of an order',
      means: `The exchange reports closed orders for ${minutes} minutes, and more than half of that time has passed since a live order was last confirmed by a list or by an individual check. First: check that the exchange responds; if it does, raise shareOfRate or watch fewer orders.`,
      metric: serviceMetric('RetentionHeadroomSeconds', Stats.MINIMUM, { stage }),
      breach: { below: (minutes * 60) / 2 },
      // Without orders there is no deadline, and sweeps that stop have their own alarm.
      missing: missingMeansOk,
      essential: true,
    },
  ];
}

/** The keys that the checks use. */
function keyAlarms(stage: string): readonly AlarmConfig[] {
  return [
    {
      id: 'auth-refused',
      description: 'has an exchange key that is rejected',
      means:
        'No order of that account can be checked until its key works, and orders close without a snapshot. First: find the account and the code in the log of check-open-orders; store a working key with ops account add. It is used within a minute.',
      metric: serviceMetric('AuthRefused', Stats.SUM, { stage }),
      // An idle account is refused once in some minutes: the alarm stays on in between.
      periods: { bad: 1, of: 10 },
      missing: missingMeansOk,
      essential: true,
    },
    {
      id: 'previous-key-used',
      description: 'has a current exchange key that does not work',
      means:
        'The previous key is used instead, until a day after the current one was written; after that, no order of the account can be checked. First: find the account and the code in the newest log line "previous key used" of check-open-orders; do not revoke the previous key, and store a working one.',
      metric: serviceMetric(previousKeyMetric, Stats.SUM, { stage }),
      // Each process says so once in five minutes.
      periods: { bad: 1, of: 10 },
      missing: missingMeansOk,
      essential: true,
    },
  ];
}

/** Whether checks keep up with the number of orders. */
export function capacityAlarms({ name: stage }: Stage): readonly AlarmConfig[] {
  return [
    {
      id: 'rate-limit-exhausted',
      description: 'does not get enough calls to the exchange',
      means:
        "Checks and API requests wait for our share of the account's rate limit until they give up. First: see in the log whether the exchange throttles us because others use the account more than before; if not, raise shareOfRate or send fewer requests.",
      metric: serviceMetric('RateLimitExhausted', Stats.SUM, { stage }),
      periods: { bad: 3, of: 5 },
      missing: missingMeansOk,
    },
    {
      id: 'over-capacity',
      description: 'watches more orders than it can check in time',
      means:
        'Checks get later and later, and eventually orders close without a snapshot: there are more orders than the share of the rate limit can check within maxCheckSeconds. First: DELETE watches that are no longer needed, raise shareOfRate, or spread the orders over more accounts.',
      metric: serviceMetric('OverCapacity', Stats.MAXIMUM, { stage }),
      periods: { bad: 3, of: 3 },
      missing: missingKeepsState,
    },
    {
      id: 'backlog',
      description: 'has left due orders unchecked for 15 minutes',
      means:
        'Snapshots are older than they should be; no order is lost yet. First: look for failed checks and their codes in the log of check-open-orders; if there are none, there are too many orders for the share of the rate limit.',
      metric: serviceMetric('Backlog', Stats.MAXIMUM, { stage }, Duration.minutes(5)),
      periods: { bad: 3, of: 3 },
      missing: missingKeepsState,
    },
  ];
}
