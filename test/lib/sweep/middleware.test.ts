import { Metrics } from '@aws-lambda-powertools/metrics';
import middy from '@middy/core';
import type { Context } from 'aws-lambda';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import * as z from 'zod/mini';
import { type Code, Failure } from '../../../lib/errors.ts';
import { Logger } from '../../../lib/log.ts';
import type { TickReport } from '../../../lib/sweep/check-open-orders.ts';
import { failTicks, reportTicks } from '../../../lib/sweep/middleware.ts';
import type { SweepReport } from '../../../lib/sweep/report.ts';
import { contextOf } from '../../functions/events.ts';
import { type CapturedOutput, captureOutput } from '../captured-output.ts';
import { failureOf } from '../thrown.ts';

let output: CapturedOutput;
beforeEach(() => {
  output = captureOutput();
});
afterEach(() => output.release());

const swept: SweepReport = {
  checked: 9,
  changed: 3,
  final: 2,
  found: 0,
  failed: {},
  listed: 11,
  listFailed: 12,
  discovered: 13,
  vanished: 14,
  listUntrusted: false,
  covered: 8,
  watched: 8,
  missing: 4,
  unknown: 5,
  inconsistent: 6,
  backlog: 7,
  overCapacity: false,
  oldestUnseenMs: 565_500,
  retentionHeadroomMs: 1_234_500,
};

async function run(outcome: () => TickReport, monitoring?: 'essential'): Promise<void> {
  const metrics = new Metrics({
    namespace: 'OrderStateSnapshots',
    serviceName: 'checks',
    defaultDimensions: { stage: 'test' },
  });
  const logger = new Logger();
  const { onTick, onFailure } = reportTicks({ logger, metrics, monitoring });
  const handler = middy()
    .use(failTicks(logger))
    .handler(async (_event: unknown, _context: Context) => {
      try {
        onTick('main', outcome());
      } catch (thrown) {
        if (thrown instanceof Failure) onFailure(thrown, 'main');
        throw thrown;
      }
    });
  await handler({}, contextOf());
}

const Emf = z.looseObject({
  _aws: z.object({
    CloudWatchMetrics: z.tuple([
      z.object({
        Namespace: z.string(),
        Dimensions: z.tuple([z.array(z.string())]),
        Metrics: z.array(z.object({ Name: z.string(), Unit: z.string() })),
      }),
    ]),
  }),
});

/** What CloudWatch makes of the lines: for each, its dimensions and its metrics with their units. */
function measured() {
  return output
    .lines()
    .filter((line) => line.includes('"_aws"'))
    .map((line) => {
      const { _aws, ...values } = Emf.parse(JSON.parse(line));
      const [{ Namespace, Dimensions, Metrics }] = _aws.CloudWatchMetrics;
      return {
        namespace: Namespace,
        dimensions: Object.fromEntries(Dimensions[0].map((name) => [name, values[name]])),
        metrics: Object.fromEntries(Metrics.map(({ Name, Unit }) => [Name, `${String(values[Name])} ${Unit}`])),
      };
    });
}

function logged() {
  return output
    .lines()
    .filter((line) => !line.includes('"_aws"'))
    .map((line) => z.looseObject({}).parse(JSON.parse(line)));
}

const namespace = 'OrderStateSnapshots';
const ofStage = { namespace, dimensions: { service: 'checks', stage: 'test' } };

it('a tick that swept emits only what the essential alarms use, where the stage says so', async () => {
  await run(() => ({ outcome: 'swept', ...swept, failed: { key_refused: 2 } }), 'essential');
  expect(measured()).toEqual([
    { ...ofStage, metrics: { AuthRefused: '2 Count', RetentionHeadroomSeconds: '1234.5 Seconds' } },
  ]);
});

it('a tick that swept logs one line with every count', async () => {
  await run(() => ({ outcome: 'swept', ...swept, failed: { timeout: 1 } }));
  const [line, ...others] = logged();
  expect(others).toEqual([]);
  expect(line).toMatchObject({
    level: 'INFO',
    message: 'ticked',
    account: 'main',
    outcome: 'swept',
    checked: 9,
    backlog: 7,
    listed: 11,
    list_failed: 12,
    list_untrusted: false,
    discovered: 13,
    vanished: 14,
    covered: 8,
    over_capacity: false,
    oldest_unseen_ms: 565_500,
    retention_headroom_ms: 1_234_500,
    failed: { timeout: 1 },
  });
  expect(Object.keys(line ?? {}).filter((key) => /[A-Z]/.test(key))).toEqual([]);
});

it('a tick that swept emits every metric with its stage as the only dimension', async () => {
  await run(() => ({ outcome: 'swept', ...swept }));
  expect(measured()).toEqual([
    {
      ...ofStage,
      metrics: {
        Checked: '9 Count',
        Changed: '3 Count',
        Final: '2 Count',
        Failed: '0 Count',
        Listed: '11 Count',
        ListFailed: '12 Count',
        ListUntrusted: '0 Count',
        Discovered: '13 Count',
        Vanished: '14 Count',
        Watched: '8 Count',
        Missing: '4 Count',
        UnknownState: '5 Count',
        Inconsistent: '6 Count',
        Backlog: '7 Count',
        AuthRefused: '0 Count',
        RateLimitExhausted: '0 Count',
        OverCapacity: '0 Count',
        OldestUnseenSeconds: '565.5 Seconds',
        RetentionHeadroomSeconds: '1234.5 Seconds',
      },
    },
  ]);
});

it.each<[Partial<Record<Code, number>>, Record<string, string>]>([
  [
    { timeout: 2, invalid_response: 3 },
    { Failed: '5 Count', AuthRefused: '0 Count', RateLimitExhausted: '0 Count' },
  ],
  [{ rate_limited_locally: 4 }, { Failed: '4 Count', AuthRefused: '0 Count', RateLimitExhausted: '4 Count' }],
  [
    { unauthorized: 1, key_refused: 1, forbidden: 1, account_locked: 1, secret_empty: 1, secret_malformed: 1 },
    { Failed: '6 Count', AuthRefused: '6 Count' },
  ],
  [{ not_owner: 1 }, { Failed: '1 Count', AuthRefused: '0 Count' }],
])('a tick that swept counts the failures %j in the metrics of their alarms', async (failed, metrics) => {
  await run(() => ({ outcome: 'swept', ...swept, failed }));
  expect(measured()[0]?.metrics).toMatchObject(metrics);
});

it('a tick that swept reports that the account is over its capacity, and that its lists are not trusted', async () => {
  await run(() => ({ outcome: 'swept', ...swept, overCapacity: true, listUntrusted: true }));
  expect(measured()[0]?.metrics).toMatchObject({ OverCapacity: '1 Count', ListUntrusted: '1 Count' });
});

describe('not swept', () => {
  const pause = { paused: true, by: 'arn:aws:iam::123456789012:user/desk', at: 1_000, until: 2_000 };

  it('a tick that did not sweep because the account is paused says for how long, and emits no metrics', async () => {
    await run(() => ({ outcome: 'paused', pause }));
    expect(logged()).toMatchObject([{ level: 'INFO', message: 'ticked', account: 'main', outcome: 'paused', pause }]);
    expect(measured()).toEqual([]);
  });

  it('a tick that did not sweep because another tick has the account warns, and emits no metrics', async () => {
    await run(() => ({ outcome: 'busy' }));
    expect(logged()).toMatchObject([{ level: 'WARN', message: 'ticked', account: 'main', outcome: 'busy' }]);
    expect(measured()).toEqual([]);
  });
});

it('a tick that fails logs the code and rethrows, so that Lambda counts the error', async () => {
  const failure = new Failure('store_unavailable', 'Snapshot table unavailable.');
  const thrown = await failureOf(
    run(() => {
      throw failure;
    }),
  );
  expect(thrown).toBe(failure);
  expect(logged()).toMatchObject([
    { level: 'ERROR', message: 'failed', account: 'main', code: 'store_unavailable', detail: failure.message },
  ]);
  expect(measured()).toEqual([]);
});

it('a tick that fails before its accounts are known fails as internal, and its log line does not quote the error', async () => {
  const { code } = await failureOf(
    run(() => {
      throw new TypeError('the key is hush-hush');
    }),
  );
  expect(code).toBe('internal');
  expect(logged()).toMatchObject([{ code: 'internal', causes: ['TypeError'], trace: expect.any(String) }]);
  expect(output.text()).not.toContain('hush-hush');
});

describe('other groups', () => {
  function look(unswept: readonly string[]): void {
    const metrics = new Metrics({ namespace, serviceName: 'checks', defaultDimensions: { stage: 'test' } });
    reportTicks({ logger: new Logger(), metrics, monitoring: 'essential' }).onUnswept(unswept);
  }

  it('a look at another group of accounts counts the accounts that are not swept, and names them in the log', () => {
    look(['main', 'desk-2']);
    expect(measured()).toEqual([{ ...ofStage, metrics: { UnsweptAccounts: '2 Count' } }]);
    expect(logged()).toMatchObject([{ level: 'ERROR', message: 'unswept', accounts: ['main', 'desk-2'] }]);
  });

  it('a look at another group of accounts counts zero when all are swept, which shows that somebody looked', () => {
    look([]);
    expect(measured()).toEqual([{ ...ofStage, metrics: { UnsweptAccounts: '0 Count' } }]);
    expect(logged()).toEqual([]);
  });
});
