import { Duration } from 'aws-cdk-lib';
import { type IMetric, MathExpression, Metric } from 'aws-cdk-lib/aws-cloudwatch';
import { serviceName } from './service-function.ts';

export const minute = Duration.minutes(1);

/** The namespace that the functions write in. */
const namespace = 'OrderStateSnapshots';

/** A metric that the functions write, with the dimensions that they write. */
export function serviceMetric(
  metricName: string,
  statistic: string,
  dimensions: Record<string, string>,
  period = minute,
): Metric {
  const dimensionsMap = { service: serviceName, ...dimensions };
  return new Metric({ namespace, metricName, dimensionsMap, statistic, period });
}

/** The sum of some metrics; their own graphs show which one it is. */
export function sumOf(label: string, metrics: readonly IMetric[]): MathExpression {
  return new MathExpression({
    expression: 'SUM(METRICS())',
    usingMetrics: Object.fromEntries(metrics.map((metric, i) => [`m${i}`, metric])),
    label,
    period: minute,
  });
}
