import { CfnOutput, RemovalPolicy } from 'aws-cdk-lib';
import { AccessLogField, AccessLogFormat } from 'aws-cdk-lib/aws-apigateway';
import {
  HttpApi as Gateway,
  HttpMethod,
  HttpStage,
  LogGroupLogDestination,
  PayloadFormatVersion,
} from 'aws-cdk-lib/aws-apigatewayv2';
import { HttpIamAuthorizer } from 'aws-cdk-lib/aws-apigatewayv2-authorizers';
import { HttpLambdaIntegration } from 'aws-cdk-lib/aws-apigatewayv2-integrations';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import { LogGroup } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import type { ResolvedStage } from './stages.ts';

export type HttpApiProps = {
  readonly stage: ResolvedStage;
  readonly getOrder: IFunction;
  readonly changeWatch: IFunction;
};

/** The door for people and programs: an HTTP API that only IAM principals of the AWS account pass, and no browser. */
export class HttpApi extends Construct {
  constructor(scope: Construct, id: string, props: HttpApiProps) {
    super(scope, id);
    const { stage } = props;
    const gateway = new Gateway(this, 'Gateway', {
      apiName: `order-state-snapshots-${stage.runtime.name}`,
      // For every route, those to come included.
      defaultAuthorizer: new HttpIamAuthorizer(),
      createDefaultStage: false,
    });

    const order = '/accounts/{account}/orders/{order_id}';
    const routes = [
      { methods: [HttpMethod.GET], path: order, id: 'GetOrder', target: props.getOrder },
      {
        methods: [HttpMethod.PUT, HttpMethod.DELETE],
        path: `${order}/watch`,
        id: 'ChangeWatch',
        target: props.changeWatch,
      },
    ];
    for (const { methods, path, id, target } of routes) {
      gateway.addRoutes({
        methods,
        path,
        integration: new HttpLambdaIntegration(id, target, { payloadFormatVersion: PayloadFormatVersion.VERSION_2_0 }),
      });
    }

    const accessLogs = new LogGroup(this, 'AccessLogs', {
      retention: stage.logRetention,
      removalPolicy: stage.protect ? RemovalPolicy.RETAIN : RemovalPolicy.DESTROY,
    });
    const { url } = new HttpStage(this, 'Stage', {
      httpApi: gateway,
      autoDeploy: true,
      throttle: { rateLimit: stage.throttle.rate, burstLimit: stage.throttle.burst },
      accessLogSettings: { destination: new LogGroupLogDestination(accessLogs), format: accessLogFormat },
    });
    new CfnOutput(this, 'Url', { value: url, description: 'The API; requests to it are signed (SigV4, execute-api).' });
  }
}

/** No path and no query: which order was asked for is in the function's own log, under the same request id. */
const accessLogFormat = AccessLogFormat.custom(
  JSON.stringify({
    request_id: AccessLogField.contextRequestId(),
    time: AccessLogField.contextRequestTimeEpoch(),
    route: '$context.routeKey',
    status: AccessLogField.contextStatus(),
    latency_ms: AccessLogField.contextResponseLatency(),
    caller: AccessLogField.contextIdentityUserArn(),
    source_ip: AccessLogField.contextIdentitySourceIp(),
    error: AccessLogField.contextErrorMessage(),
    integration_error: '$context.integration.error',
  }),
);
