import { Duration, Validations } from 'aws-cdk-lib';
import { type Metric, Stats } from 'aws-cdk-lib/aws-cloudwatch';
import type { Function as Lambda } from 'aws-cdk-lib/aws-lambda';
import { FilterPattern, MetricFilter } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import type { ScheduledChecks } from './scheduled-checks.ts';
import type { AuthConfig } from './stage-config.ts';
import type { ResolvedStage } from './stages.ts';

type SyntheticCheckProps = {
  readonly stage: ResolvedStage;
  readonly check: NonNullable<ResolvedStage['syntheticCheck']>;
  readonly getOrder: Lambda;
  readonly schedules: ScheduledChecks;
};

/** The route of such a request in the function's log. */
const route = 'synthetic-check';

/**
 * Requests one order every 5 minutes: key, exchange, table and code take part. It invokes the function instead of the
 * gateway, because a schedule cannot sign requests. A metric filter counts the responses in the function's log.
 */
export class SyntheticCheck extends Construct {
  /** How many requests got a response. */
  readonly responses: Metric;

  constructor(scope: Construct, id: string, props: SyntheticCheckProps) {
    super(scope, id);
    const { stage, check, getOrder, schedules } = props;
    schedules.add({
      // An account's name has no upper case.
      name: 'SyntheticCheck',
      description: `Requests order ${check.orderId} of account "${check.account}", to see that the API responds.`,
      every: 'rate(5 minutes)',
      target: getOrder,
      input: requestFor(check, stage.auth),
    });
    Validations.of(getOrder.node.scope ?? getOrder).acknowledge({
      id: 'StackRules::ScheduledFunctionDeadLetters',
      reason: 'The alarm synthetic-check starts when a synthetic check fails; a message in a queue would add nothing.',
    });
    const filter = new MetricFilter(this, 'Responses', {
      logGroup: getOrder.logGroup,
      filterPattern: FilterPattern.all(
        FilterPattern.stringValue('$.route', '=', route),
        FilterPattern.stringValue('$.message', '=', 'responded'),
      ),
      // A namespace for each stage: a filter cannot add a dimension that the log line does not have.
      metricNamespace: `OrderStateSnapshots/${stage.runtime.name}`,
      metricName: 'SyntheticResponses',
    });
    this.responses = filter.metric({ statistic: Stats.SUM, period: Duration.minutes(5) });
  }
}

/** The request as the gateway passes it to a function (payload 2.0), as far as the function reads it. */
function requestFor({ account, orderId }: SyntheticCheckProps['check'], auth: AuthConfig): object {
  const path = `/accounts/${account}/orders/${orderId}`;
  return {
    version: '2.0',
    routeKey: route,
    rawPath: path,
    // Always from the exchange: a response from the table proves nothing.
    rawQueryString: 'max_age=0',
    headers: {},
    pathParameters: { account, order_id: orderId },
    requestContext: {
      // Scheduler replaces it with an id for each invocation.
      requestId: '<aws.scheduler.execution-id>',
      http: { method: 'GET', path, protocol: 'HTTP/1.1', sourceIp: '127.0.0.1', userAgent: route },
      authorizer:
        auth.kind === 'iam'
          ? { iam: { userArn: route } }
          : { jwt: { claims: { sub: route, [auth.accountsClaim]: `[${account}]` }, scopes: null } },
    },
    isBase64Encoded: false,
  };
}
