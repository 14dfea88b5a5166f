import { expect, test } from 'vitest';
import { readStack } from './assembly.ts';
import { createEvaluator, Template } from './template.ts';

const place = { stackName: 'toy', region: 'eu-west-1', accountId: '111122223333' };

const template = Template.parse({
  Parameters: {
    Greeting: { Type: 'String', Default: 'hello' },
    Requested: { Type: 'String' },
  },
  Resources: {
    Table: {
      Type: 'AWS::DynamoDB::GlobalTable',
      Properties: {
        AttributeDefinitions: [
          { AttributeName: 'pk', AttributeType: 'S' },
          { AttributeName: 'sk', AttributeType: 'S' },
        ],
        KeySchema: [
          { AttributeName: 'pk', KeyType: 'HASH' },
          { AttributeName: 'sk', KeyType: 'RANGE' },
        ],
        BillingMode: 'PAY_PER_REQUEST',
        Replicas: [{ Region: { Ref: 'AWS::Region' } }],
      },
    },
    Named: { Type: 'AWS::Lambda::Function', Properties: { FunctionName: { 'Fn::Sub': `\${Greeting}-fn` } } },
    Role: { Type: 'AWS::IAM::Role', Properties: { Policies: { 'Fn::Never': 'read' } } },
    Secret: { Type: 'AWS::SecretsManager::Secret', Properties: { Name: 'desk/key' } },
  },
});
const { evaluate } = createEvaluator(template, place);

test.each([
  ['plain values', { a: [1, true, null, 'x'] }, { a: [1, true, null, 'x'] }],
  ['a parameter', { Ref: 'Greeting' }, 'hello'],
  ['a pseudo parameter', { Ref: 'AWS::Region' }, 'eu-west-1'],
  ['no value in an object', { a: { Ref: 'AWS::NoValue' }, b: 1 }, { b: 1 }],
  ['no value in a list', [{ Ref: 'AWS::NoValue' }, 1], [1]],
  ['a generated name', { Ref: 'Table' }, 'toy-Table'],
  ['a given name', { Ref: 'Named' }, 'hello-fn'],
  [
    'a secret, whose Ref is its ARN',
    { Ref: 'Secret' },
    'arn:aws:secretsmanager:eu-west-1:111122223333:secret:desk/key',
  ],
  ['an attribute', { 'Fn::GetAtt': ['Table', 'Arn'] }, 'arn:aws:dynamodb:eu-west-1:111122223333:table/toy-Table'],
  ['an attribute, dotted', { 'Fn::GetAtt': 'Named.Arn' }, 'arn:aws:lambda:eu-west-1:111122223333:function:hello-fn'],
  ['join', { 'Fn::Join': ['-', ['a', { Ref: 'Greeting' }, 1]] }, 'a-hello-1'],
  ['split', { 'Fn::Split': ['.', 'a.b'] }, ['a', 'b']],
  ['select of split', { 'Fn::Select': ['1', { 'Fn::Split': ['.', 'a.b'] }] }, 'b'],
  [
    'sub',
    { 'Fn::Sub': `\${AWS::AccountId}/\${Table}/\${Table.Arn}/\${!Kept}` },
    `111122223333/toy-Table/arn:aws:dynamodb:eu-west-1:111122223333:table/toy-Table/\${Kept}`,
  ],
  ['sub with variables', { 'Fn::Sub': [`\${A}\${Greeting}`, { A: { Ref: 'AWS::Partition' } }] }, 'awshello'],
])('the emulator evaluates %s in a template', (_, value, expected) => {
  expect(evaluate(value, 'Here')).toEqual(expected);
});

test.each([
  [{ 'Fn::ImportValue': 'x' }, 'Here uses Fn::ImportValue, which cannot be worked out here.'],
  [{ deep: [{ 'Fn::If': [] }] }, 'Here.deep[0] uses Fn::If, which cannot be worked out here.'],
  [{ Ref: 'Nobody' }, 'Here names Nobody, which the template does not have.'],
  [{ Ref: 'Requested' }, 'Here needs parameter Requested, which has no default.'],
  [{ 'Fn::GetAtt': ['Table', 'TableId'] }, 'Here gets TableId of AWS::DynamoDB::GlobalTable, which is not known here.'],
  [{ 'Fn::Select': [2, ['a']] }, 'Here selects 2, which is not there.'],
  [{ 'Fn::Join': [',', 'a'] }, 'Here should be a list, and is "a".'],
  [{ 'Fn::Join': [',', [{}]] }, 'Here should be a text, and is {}.'],
])('the emulator says what it cannot evaluate in a template: %j', (value, message) => {
  expect(() => evaluate(value, 'Here')).toThrow(message);
});

const bundle = { Handler: 'index.handler', Runtime: 'nodejs24.x', Code: { S3Bucket: 'b', S3Key: 'abc.zip' } };
const whole = (resources: Record<string, unknown>) =>
  readStack(Template.parse({ Resources: resources }), place, new Map([['abc.zip', '/assets/abc']]));

test('the emulator reads the functions, routes and tables of a stack from its template', () => {
  const table = template.Resources['Table'];
  const stack = whole({
    Table: table,
    Get: {
      Type: 'AWS::Lambda::Function',
      Properties: {
        ...bundle,
        Timeout: 7,
        MemorySize: 256,
        ReservedConcurrentExecutions: 2,
        Role: { 'Fn::GetAtt': ['Nobody', 'Arn'] },
        Environment: { Variables: { TABLE_NAME: { Ref: 'Table' } } },
        LoggingConfig: { LogFormat: 'JSON', LogGroup: { Ref: 'Logs' } },
      },
    },
    Logs: { Type: 'AWS::Logs::LogGroup', Properties: { RetentionInDays: 7 } },
    Api: { Type: 'AWS::ApiGatewayV2::Api', Properties: { ProtocolType: 'HTTP' } },
    Integration: {
      Type: 'AWS::ApiGatewayV2::Integration',
      Properties: {
        ApiId: { Ref: 'Api' },
        IntegrationType: 'AWS_PROXY',
        IntegrationUri: { 'Fn::GetAtt': ['Get', 'Arn'] },
        PayloadFormatVersion: '2.0',
      },
    },
    Route: {
      Type: 'AWS::ApiGatewayV2::Route',
      Properties: {
        RouteKey: 'GET /a/{b}',
        AuthorizationType: 'AWS_IAM',
        Target: { 'Fn::Join': ['', ['integrations/', { Ref: 'Integration' }]] },
      },
    },
    Secret: template.Resources['Secret'],
  });
  const { Replicas, ...properties } = table?.Properties ?? {};
  expect(Replicas).toBeDefined();
  expect(stack).toEqual({
    tables: [{ ...properties, TableName: 'toy-Table' }],
    functions: [
      {
        name: 'toy-Get',
        arn: 'arn:aws:lambda:eu-west-1:111122223333:function:toy-Get',
        code: '/assets/abc',
        handler: 'index.handler',
        environment: { TABLE_NAME: 'toy-Table' },
        timeoutMs: 7000,
        memoryMb: 256,
        concurrency: 2,
        logGroup: 'toy-Logs',
      },
    ],
    routes: [{ key: 'GET /a/{b}', functionName: 'toy-Get', timeoutMs: 30_000, iam: true }],
    secretNames: ['desk/key'],
    schedules: [],
    streams: [],
    mappings: [],
    busNames: [],
    queueNames: [],
  });
});

test.each([
  [{ Feed: { Type: 'AWS::Kinesis::Stream' } }, 'Feed is an AWS::Kinesis::Stream, which cannot run here.'],
  [
    { Get: { Type: 'AWS::Lambda::Function', Properties: { ...bundle, Code: { S3Key: 'other.zip' } } } },
    'Get.Code names an asset that was not synthesized.',
  ],
  [
    { Get: { Type: 'AWS::Lambda::Function', Properties: { ...bundle, Runtime: 'python3.13' } } },
    'Get.Runtime cannot run here: ',
  ],
  [
    { Route: { Type: 'AWS::ApiGatewayV2::Route', Properties: { RouteKey: 'GET /', Target: 'integrations/x' } } },
    'Route (GET /) leads to no function of this template.',
  ],
])('the emulator says what it cannot run of a stack: %j', (resources, message) => {
  expect(() => whole(resources)).toThrow(message);
});
