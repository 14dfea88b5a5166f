import { Duration } from 'aws-cdk-lib';
import { MathExpression, Metric, Stats } from 'aws-cdk-lib/aws-cloudwatch';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import { serviceName } from './service-function.ts';

export const minute = Duration.minutes(1);

/** What the functions write, by the dimensions that they write it under. */
export function ours(metricName: string, statistic: string, of: Record<string, string>, period = minute): Metric {
  const dimensionsMap = { service: serviceName, ...of };
  return new Metric({ namespace: 'OrderStateSnapshots', metricName, dimensionsMap, statistic, period });
}

/** All functions together: which one it is, their own metrics say. */
export function summed(functions: readonly IFunction[], metricName: string): MathExpression {
  const each = functions.map((lambda, i) => [`f${i}`, lambda.metric(metricName, { statistic: Stats.SUM })] as const);
  return new MathExpression({
    expression: 'SUM(METRICS())',
    usingMetrics: Object.fromEntries(each),
    label: metricName,
    period: minute,
  });
}
