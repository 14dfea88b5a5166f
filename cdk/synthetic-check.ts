import { Duration, Validations } from 'aws-cdk-lib';
import { type Metric, Stats } from 'aws-cdk-lib/aws-cloudwatch';
import type { Function as Lambda } from 'aws-cdk-lib/aws-lambda';
import { FilterPattern, MetricFilter } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import type { ScheduledChecks } from './scheduled-checks.ts';
import type { AuthConfig } from './stage-config.ts';
import type { ResolvedStage } from './stages.ts';

export type SyntheticCheckProps = {
  readonly stage: ResolvedStage;
  readonly check: NonNullable<ResolvedStage['syntheticCheck']>;
  readonly getOrder: Lambda;
  readonly schedules: ScheduledChecks;
};

/** What the function's log has as the route of such a request. */
const route = 'synthetic-check';

/**
 * Asks for one order every 5 minutes as a caller would, behind the gateway, for a schedule cannot sign requests: key,
 * exchange, table and code are all in it. Whether it was answered is counted in the function's own log.
 */
export class SyntheticCheck extends Construct {
  /** How often an answer came. */
  readonly answers: Metric;

  constructor(scope: Construct, id: string, props: SyntheticCheckProps) {
    super(scope, id);
    const { stage, check, getOrder, schedules } = props;
    schedules.add({
      // Upper case cannot come from an account's name.
      name: 'SyntheticCheck',
      description: `Asks for order ${check.orderId} of account "${check.account}", to see that an answer comes.`,
      every: 'rate(5 minutes)',
      target: getOrder,
      input: requestFor(check, stage.auth),
    });
    Validations.of(getOrder.node.scope ?? getOrder).acknowledge({
      id: 'StackRules::ScheduledFunctionDeadLetters',
      reason:
        'What matters of a synthetic check is that it is answered: the alarm synthetic-check tells when it is not.',
    });
    const filter = new MetricFilter(this, 'Answers', {
      logGroup: getOrder.logGroup,
      filterPattern: FilterPattern.all(
        FilterPattern.stringValue('$.route', '=', route),
        FilterPattern.stringValue('$.message', '=', 'answered'),
      ),
      // A namespace for each stage: a filter cannot write a dimension that the line does not have.
      metricNamespace: `OrderStateSnapshots/${stage.runtime.name}`,
      metricName: 'SyntheticAnswers',
    });
    this.answers = filter.metric({ statistic: Stats.SUM, period: Duration.minutes(5) });
  }
}

/** The request as the gateway hands it to a function (payload 2.0): what we and the SDK's log read of it. */
function requestFor({ account, orderId }: SyntheticCheckProps['check'], auth: AuthConfig): object {
  const path = `/accounts/${account}/orders/${orderId}`;
  return {
    version: '2.0',
    routeKey: route,
    rawPath: path,
    // Of the exchange, always: what the table knows is no proof.
    rawQueryString: 'max_age=0',
    headers: {},
    pathParameters: { account, order_id: orderId },
    requestContext: {
      // Scheduler puts in an id of its own for each time.
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
