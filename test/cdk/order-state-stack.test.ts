import { Token } from 'aws-cdk-lib';
import { Match, Template } from 'aws-cdk-lib/assertions';
import { describe, expect, it } from 'vitest';
import { exchangeKeyOutput, stackOutputs } from '../../cdk/stack-outputs.ts';
import type { StageConfig } from '../../cdk/stage-config.ts';
import { resolveStage, stageNamed } from '../../cdk/stages.ts';
import { routes as operations } from '../../lib/api/routes.ts';
import { snapshotTable } from '../engines.ts';
import { everySetting, loopbackStage, stackOf, templateOf } from './synthesize.ts';
import { allowed, dev, full, functionIn, functions, ownSecrets } from './templates.ts';

const prod = templateOf({ protect: true, logRetention: 365 });

describe('table', () => {
  it('the snapshot table has the keys, the one index and the billing mode that the functions and the cost estimate rely on', () => {
    dev.resourceCountIs('AWS::DynamoDB::GlobalTable', 1);
    dev.hasResourceProperties('AWS::DynamoDB::GlobalTable', snapshotTable);
  });

  it('the snapshot table lets DynamoDB remove items with an expiry, and no others', () => {
    dev.hasResourceProperties('AWS::DynamoDB::GlobalTable', {
      TimeToLiveSpecification: { AttributeName: 'expires_at', Enabled: true },
    });
  });

  it.each([
    ['may be deleted by hand', 'dev', dev, false],
    ['is protected from deletion', 'prod', prod, true],
  ])('the snapshot table %s in %s, and can be restored to any second', (_, __, template, isProtected) => {
    template.hasResourceProperties('AWS::DynamoDB::GlobalTable', {
      Replicas: [
        Match.objectLike({
          DeletionProtectionEnabled: isProtected,
          PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true },
        }),
      ],
    });
  });
});

it('the exchange keys of a stage are one secret per account, created without a value', () => {
  const secrets = Object.values(dev.findResources('AWS::SecretsManager::Secret'));
  expect(secrets.map((secret) => secret['Properties']['Name'])).toEqual([
    'order-state-snapshots/test/main/exchange-key',
    'order-state-snapshots/test/desk-2/exchange-key',
  ]);
  for (const secret of secrets) {
    expect(Object.keys(secret['Properties'])).toEqual(['Description', 'Name']);
  }
});

it('the exchange keys of a stage are separate for accounts whose names differ only by a dash', () => {
  const { main } = loopbackStage.accounts;
  const accounts = { 'a-b': main, ab: main, 'a--b': main, 'ab-put-key': main };
  templateOf({ accounts }).resourceCountIs('AWS::SecretsManager::Secret', 4);
});

it.each([
  ['an unprotected stage', dev],
  ['a protected stage', prod],
  ['a stage with every setting', full],
])(
  'the table, secrets and logs of %s stay when the stack is deleted, and go when its creation fails',
  (_, template) => {
    for (const type of ['AWS::DynamoDB::GlobalTable', 'AWS::SecretsManager::Secret', 'AWS::Logs::LogGroup']) {
      const resources = Object.values(template.findResources(type));
      expect(resources).not.toEqual([]);
      for (const resource of resources) {
        expect(resource).toMatchObject({ DeletionPolicy: 'RetainExceptOnCreate', UpdateReplacePolicy: 'Retain' });
      }
    }
  },
);

it('moving code replaces no stateful resource, because their logical ids are pinned', () => {
  const stateful = [
    'AWS::DynamoDB::GlobalTable',
    'AWS::Events::EventBus',
    'AWS::SecretsManager::Secret',
    'AWS::SQS::Queue',
  ];
  expect(stateful.flatMap((type) => Object.keys(prod.findResources(type)))).toEqual([
    'SnapshotTable',
    'TransitionBus',
    'ExchangeKeymain',
    'ExchangeKeydeskDash2',
    'SweepDeadLetters',
    'TransitionDeadLetters',
  ]);
});

describe('own resources', () => {
  const { kmsKeyArn, eventBusArn, permissionsBoundaryArn } = everySetting;

  it('a stage with its own resources encrypts table, secrets, queues and logs with its KMS key', () => {
    for (const [type, property] of [
      ['AWS::SecretsManager::Secret', 'KmsKeyId'],
      ['AWS::SQS::Queue', 'KmsMasterKeyId'],
      ['AWS::Logs::LogGroup', 'KmsKeyId'],
    ] as const) {
      for (const { Properties: properties } of Object.values(full.findResources(type))) {
        expect(properties[property]).toBe(kmsKeyArn);
      }
    }
    full.hasResourceProperties('AWS::DynamoDB::GlobalTable', {
      SSESpecification: { SSEEnabled: true, SSEType: 'KMS' },
      Replicas: [Match.objectLike({ SSESpecification: { KMSMasterKeyId: kmsKeyArn } })],
    });
    full.resourceCountIs('AWS::KMS::Key', 0);
  });

  it('a stage with its own resources lets Scheduler use its KMS key to put dead letters into the queue', () => {
    const actions = Object.values(full.findResources('AWS::IAM::Policy'))
      .filter(({ Properties: policy }) => policy.Roles[0].Ref.startsWith('ScheduledChecksRole'))
      .flatMap(({ Properties: policy }) => policy.PolicyDocument.Statement)
      .filter((statement) => statement.Resource === kmsKeyArn)
      .map((statement) => statement.Action);
    expect(actions).toEqual([['kms:Decrypt', 'kms:GenerateDataKey']]);
  });

  it('a stage with its own resources sends transitions to its event bus, and creates no other bus', () => {
    full.resourceCountIs('AWS::Events::EventBus', 0);
    const [, { Properties: properties }] = functionIn(full, 'publish-transitions');
    expect(properties['Environment']['Variables']['EVENT_BUS_NAME']).toBe(eventBusArn);
  });

  it('a stage with its own resources gives every role its permissions boundary', () => {
    const roles = Object.values(full.findResources('AWS::IAM::Role'));
    expect(roles.length).toBeGreaterThan(Object.keys(functions).length);
    for (const { Properties: role } of roles) expect(role.PermissionsBoundary).toBe(permissionsBoundaryArn);
  });

  it('a stage with its own resources creates no secret for an account that brings one, and lets its functions read only that secret and those of the stage', () => {
    const secretArn = 'arn:aws:secretsmanager:eu-west-1:111122223333:secret:desk/exchange-key-a1B2c3';
    const { main } = loopbackStage.accounts;
    const template = templateOf({ accounts: { main: { ...main, secretArn }, other: main } });
    expect(Object.keys(template.findResources('AWS::SecretsManager::Secret'))).toEqual(['ExchangeKeyother']);
    const [, { Properties: properties }] = functionIn(template, 'get-order');
    const secrets = allowed(template, properties['Role']['Fn::GetAtt'][0]).filter((line) =>
      /secretsmanager/.test(line),
    );
    expect(secrets).toEqual([secretArn, ownSecrets].map((of) => `secretsmanager:GetSecretValue ${of}`).toSorted());
  });
});

it('a stage with a region is deployed there, and any other stage to the region of the AWS CLI', () => {
  const regionOf = (changes: Partial<StageConfig>) =>
    stackOf(resolveStage('test', { ...loopbackStage, ...changes })).region;
  expect(regionOf({ region: 'eu-west-1' })).toBe('eu-west-1');
  expect(Token.isUnresolved(regionOf({}))).toBe(true);
});

it('the HTTP API has the routes of the API, and each of them requires a signature', () => {
  const routes = Object.values(dev.findResources('AWS::ApiGatewayV2::Route')).map((route) => route['Properties']);
  expect(routes.map((route) => route['RouteKey'])).toEqual(
    Object.values(operations).map(({ method, path }) => `${method} ${path}`),
  );
  for (const route of routes) expect(route['AuthorizationType']).toBe('AWS_IAM');
});

it('the HTTP API invokes the function with payload 2.0, and the function times out before the gateway does at 30 s', () => {
  dev.hasResourceProperties('AWS::ApiGatewayV2::Integration', {
    PayloadFormatVersion: '2.0',
    TimeoutInMillis: Match.absent(),
  });
});

it('the HTTP API requires a token for every route where the stage configures tokens', () => {
  full.hasResourceProperties('AWS::ApiGatewayV2::Authorizer', {
    AuthorizerType: 'JWT',
    IdentitySource: ['$request.header.Authorization'],
    JwtConfiguration: { Issuer: 'https://login.example.com/', Audience: ['order-state-snapshots'] },
  });
  const [authorizer] = Object.keys(full.findResources('AWS::ApiGatewayV2::Authorizer'));
  for (const { Properties: route } of Object.values(full.findResources('AWS::ApiGatewayV2::Route'))) {
    expect(route).toMatchObject({ AuthorizationType: 'JWT', AuthorizerId: { Ref: authorizer } });
  }
});

it('the HTTP API allows the CORS origins that the stage lists', () => {
  full.hasResourceProperties('AWS::ApiGatewayV2::Api', {
    CorsConfiguration: {
      AllowOrigins: ['https://desk.example.com'],
      AllowMethods: ['GET', 'POST', 'PUT', 'DELETE'],
      AllowHeaders: ['authorization', 'content-type', 'if-none-match'],
      ExposeHeaders: ['age', 'etag', 'retry-after'],
      AllowCredentials: Match.absent(),
    },
  });
});

it('the HTTP API allows no CORS origin where the stage lists none', () => {
  dev.hasResourceProperties('AWS::ApiGatewayV2::Api', { ProtocolType: 'HTTP', CorsConfiguration: Match.absent() });
});

it('the HTTP API throttles, and writes a line of JSON per request', () => {
  const [stage] = Object.values(dev.findResources('AWS::ApiGatewayV2::Stage'));
  expect(stage?.['Properties']).toMatchObject({
    StageName: '$default',
    AutoDeploy: true,
    DefaultRouteSettings: { ThrottlingRateLimit: 5, ThrottlingBurstLimit: 10 },
    AccessLogSettings: { DestinationArn: { 'Fn::GetAtt': [expect.stringMatching(/AccessLogs/), 'Arn'] } },
  });
  expect(JSON.parse(stage?.['Properties']['AccessLogSettings']['Format'])).toMatchObject({
    request_id: '$context.requestId',
    route: '$context.routeKey',
    status: '$context.status',
    latency_ms: '$context.responseLatency',
    caller: '$context.identity.userArn',
    integration_error: '$context.integration.error',
  });
});

describe('outputs', () => {
  const outputsOf = (template: Template) => template.toJSON()['Outputs'];

  it("the stack's outputs lead to everything that people and the ops commands look for, under names that can be typed", () => {
    const outputs = outputsOf(dev);
    expect(Object.keys(outputs).toSorted()).toEqual(Object.values(stackOutputs).toSorted());
    expect(JSON.stringify(outputs['Url'].Value)).toContain('.execute-api.');
    expect(outputs).toMatchObject({
      SnapshotTable: { Value: { Ref: 'SnapshotTable' } },
      TransitionBus: { Value: { Ref: 'TransitionBus' } },
      SweepDeadLetters: { Value: { Ref: 'SweepDeadLetters' } },
      TransitionDeadLetters: { Value: { Ref: 'TransitionDeadLetters' } },
    });
  });

  it("the stack's outputs include the bus and the secrets that a stage brings", () => {
    const secretArn = 'arn:aws:secretsmanager:eu-west-1:111122223333:secret:desk/exchange-key-a1B2c3';
    const { main } = loopbackStage.accounts;
    const accounts = { 'desk-2': { ...main, secretArn }, main };
    const outputs = outputsOf(templateOf({ ...everySetting, accounts }));
    expect(outputs).toMatchObject({
      TransitionBus: { Value: everySetting.eventBusArn },
      [exchangeKeyOutput('desk-2')]: { Value: secretArn },
    });
  });
});

it.each([
  ['dev', dev, 7],
  ['prod', prod, 365],
])('log lines in %s are kept as long as the stage says', (_, template, days) => {
  const groups = Object.values(template.findResources('AWS::Logs::LogGroup'));
  // One for each function, and one for who called.
  expect(groups).toHaveLength(Object.keys(functions).length + 1);
  for (const group of groups) expect(group).toMatchObject({ Properties: { RetentionInDays: days } });
});

it('the log group of the access log has a vended-log name that no other stack of the stage uses', () => {
  const names = Object.values(dev.findResources('AWS::Logs::LogGroup')).flatMap(
    ({ Properties: { LogGroupName: name } }) => name ?? [],
  );
  const stackId = { 'Fn::Select': [2, { 'Fn::Split': ['/', { Ref: 'AWS::StackId' }] }] };
  expect(names).toEqual([{ 'Fn::Join': ['', ['/aws/vendedlogs/order-state-snapshots-test-', stackId]] }]);
});

it.each([
  ['dev', false],
  ['prod', true],
])('the stack of %s is tagged, and termination protection is %s', (name, isProtected) => {
  const stack = stackOf(stageNamed(name));
  expect(stack.terminationProtection).toBe(isProtected);
  expect(stack.tags.tagValues()).toEqual({ service: 'order-state-snapshots', stage: name });
});

it('a deployment with -c protect=false turns termination protection off, and changes nothing else', () => {
  const stack = stackOf(stageNamed('prod'), { protect: 'false' });
  expect(stack.terminationProtection).toBe(false);
  const unprotected = Template.fromStack(stack).toJSON();
  const {
    Replicas: [replica],
  } = unprotected['Resources'].SnapshotTable.Properties;
  expect(replica.DeletionProtectionEnabled).toBe(false);
  replica.DeletionProtectionEnabled = true;
  expect(unprotected).toEqual(Template.fromStack(stackOf(stageNamed('prod'))).toJSON());
});

it('the template is valid for every account and region, and sends no CDK analytics', () => {
  expect(JSON.stringify(dev.toJSON())).not.toMatch(/\b\d{12}\b|CDKMetadata|[a-z]{2}-[a-z]+-\d\b/);
});
