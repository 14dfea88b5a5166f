import { Aws, CfnOutput, Duration, Fn } from 'aws-cdk-lib';
import { AccessLogField, AccessLogFormat } from 'aws-cdk-lib/aws-apigateway';
import {
  CorsHttpMethod,
  type CorsPreflightOptions,
  HttpApi as Gateway,
  HttpMethod,
  HttpStage,
  type IHttpRouteAuthorizer,
  LogGroupLogDestination,
  PayloadFormatVersion,
} from 'aws-cdk-lib/aws-apigatewayv2';
import { HttpIamAuthorizer, HttpJwtAuthorizer } from 'aws-cdk-lib/aws-apigatewayv2-authorizers';
import { HttpLambdaIntegration } from 'aws-cdk-lib/aws-apigatewayv2-integrations';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import { Construct } from 'constructs';
import { type Operation, routes } from '../lib/api/routes.ts';
import { createLogGroup } from './log-group.ts';
import { stackNameOf, stackOutputs } from './stack-outputs.ts';
import type { AuthConfig } from './stage-config.ts';
import type { ResolvedStage } from './stages.ts';

type HttpApiProps = {
  readonly stage: ResolvedStage;
  /** The function of a route, by its name in the route table. */
  readonly functions: (name: (typeof routes)[Operation]['function']) => IFunction;
};

/**
 * The HTTP API. Callers sign with IAM credentials of the AWS account, or bring a token where the stage sets auth to jwt.
 * Browsers may call it only from the web sites in the stage's `cors`.
 */
export class HttpApi extends Construct {
  readonly gateway: Gateway;

  constructor(scope: Construct, id: string, props: HttpApiProps) {
    super(scope, id);
    const { stage, functions } = props;
    const gateway = new Gateway(this, 'Gateway', {
      apiName: stackNameOf(stage.runtime.name),
      // For every route, including future ones.
      defaultAuthorizer: authorizerOf(stage.auth),
      ...(stage.cors === undefined ? {} : { corsPreflight: corsOf(stage.cors.origins) }),
      createDefaultStage: false,
    });

    const names = new Set(Object.values(routes).map((route) => route.function));
    for (const name of names) {
      const options = { payloadFormatVersion: PayloadFormatVersion.VERSION_2_0 };
      const integration = new HttpLambdaIntegration(name, functions(name), options);
      for (const { method, path } of Object.values(routes).filter((route) => route.function === name)) {
        gateway.addRoutes({ methods: [HttpMethod[method]], path, integration });
      }
    }
    this.gateway = gateway;

    // Under this prefix the permission to write needs no separate entry in the resource policy of CloudWatch Logs,
    // which is limited to 5,120 characters. The stack's id keeps the name free for a later stack of the same stage.
    const stackId = Fn.select(2, Fn.split('/', Aws.STACK_ID));
    const accessLogs = createLogGroup(
      this,
      'AccessLogs',
      stage,
      `/aws/vendedlogs/${stackNameOf(stage.runtime.name)}-${stackId}`,
    );
    const { url } = new HttpStage(this, 'Stage', {
      httpApi: gateway,
      autoDeploy: true,
      throttle: { rateLimit: stage.throttle.rate, burstLimit: stage.throttle.burst },
      accessLogSettings: { destination: new LogGroupLogDestination(accessLogs), format: accessLogFormat(stage.auth) },
    });
    new CfnOutput(this, 'Url', {
      value: url,
      description: `The API; requests to it ${stage.auth.kind === 'iam' ? 'are signed (SigV4, execute-api)' : 'carry a token'}.`,
    }).overrideLogicalId(stackOutputs.url);
  }
}

function authorizerOf(auth: AuthConfig): IHttpRouteAuthorizer {
  if (auth.kind === 'iam') return new HttpIamAuthorizer();
  // The functions check which accounts the token is for.
  return new HttpJwtAuthorizer('Tokens', auth.issuer, { jwtAudience: [...auth.audience] });
}

function corsOf(origins: readonly string[]): CorsPreflightOptions {
  return {
    allowOrigins: [...origins],
    allowMethods: [...new Set(Object.values(routes).map(({ method }) => CorsHttpMethod[method]))],
    allowHeaders: ['authorization', 'content-type', 'if-none-match'],
    exposeHeaders: ['age', 'etag', 'retry-after'],
    maxAge: Duration.hours(1),
  };
}

/** Without path and query: the order id is in the function's own log, under the same request id. */
function accessLogFormat({ kind }: AuthConfig): AccessLogFormat {
  return AccessLogFormat.custom(
    JSON.stringify({
      request_id: AccessLogField.contextRequestId(),
      time: AccessLogField.contextRequestTimeEpoch(),
      route: '$context.routeKey',
      status: AccessLogField.contextStatus(),
      latency_ms: AccessLogField.contextResponseLatency(),
      caller: kind === 'iam' ? AccessLogField.contextIdentityUserArn() : '$context.authorizer.claims.sub',
      source_ip: AccessLogField.contextIdentitySourceIp(),
      error: AccessLogField.contextErrorMessage(),
      integration_error: '$context.integration.error',
    }),
  );
}
