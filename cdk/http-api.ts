import { CfnOutput, Duration } from 'aws-cdk-lib';
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
import { stackOutputs } from './stack-outputs.ts';
import type { AuthConfig } from './stage-config.ts';
import type { ResolvedStage } from './stages.ts';

export type HttpApiProps = {
  readonly stage: ResolvedStage;
  /** Who answers, by the names that the route table has for them. */
  readonly functions: Readonly<Record<(typeof routes)[Operation]['function'], IFunction>>;
};

/**
 * The door for people and programs: an HTTP API that only IAM principals of the AWS account pass, or, where the stage
 * says so, holders of a token; and no browser, but from the web sites that the stage names.
 */
export class HttpApi extends Construct {
  constructor(scope: Construct, id: string, props: HttpApiProps) {
    super(scope, id);
    const { stage } = props;
    const gateway = new Gateway(this, 'Gateway', {
      apiName: `order-state-snapshots-${stage.runtime.name}`,
      // For every route, those to come included.
      defaultAuthorizer: authorizerOf(stage.auth),
      ...(stage.cors === undefined ? {} : { corsPreflight: corsOf(stage.cors.origins) }),
      createDefaultStage: false,
    });

    const integrations = new Map(
      Object.entries(props.functions).map(([name, target]) => [
        name,
        new HttpLambdaIntegration(name, target, { payloadFormatVersion: PayloadFormatVersion.VERSION_2_0 }),
      ]),
    );
    for (const { method, path, function: name } of Object.values(routes)) {
      const integration = integrations.get(name);
      if (integration === undefined) throw new Error(`No function ${name} answers ${method} ${path}.`);
      gateway.addRoutes({ methods: [HttpMethod[method]], path, integration });
    }

    const accessLogs = createLogGroup(this, 'AccessLogs', stage);
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
  // Which accounts the token is good for, the functions look at.
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

/** No path and no query: which order was asked for is in the function's own log, under the same request id. */
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
