import { describe, expect, it } from 'vitest';
import {
  commonPermissions,
  type FunctionSettings,
  functionNames,
  functionSettings,
  keyPermissions,
} from '../../cdk/functions.ts';
import { everySetting } from './synthesize.ts';
import { allowed, dev, full, functionIn, functions, ownSecrets } from './templates.ts';

describe.each(functionNames)('%s', (name) => {
  const { timeout, reported } = functions[name];
  const [id, { Properties: properties }] = functionIn(dev, name);

  it('a deployed function has the runtime, timeout and log format that the table of functions says', () => {
    expect(properties).toMatchObject({
      Runtime: 'nodejs24.x',
      Architectures: ['arm64'],
      MemorySize: name === 'check-open-orders' ? 256 : 512,
      Timeout: timeout,
      Handler: 'index.handler',
      LoggingConfig: { LogFormat: 'JSON', LogGroup: { Ref: expect.stringMatching(/Logs/) } },
    });
  });

  it('a deployed function has resource names in its environment, and nothing secret', () => {
    expect(properties['Environment']['Variables']).toEqual({
      ...reported,
      ...(name === 'check-open-orders' && { NODE_OPTIONS: '--max-semi-space-size=4' }),
      POWERTOOLS_SERVICE_NAME: 'order-state-snapshots',
    });
  });

  it('a deployed function is not retried by Lambda', () => {
    dev.hasResourceProperties('AWS::Lambda::EventInvokeConfig', {
      FunctionName: { Ref: id },
      MaximumRetryAttempts: 0,
      MaximumEventAgeInSeconds: 60,
    });
  });

  it.each([
    ['a plain stage', dev, {}],
    [
      'a stage with every setting',
      full,
      { customerKey: [everySetting.kmsKeyArn], transitionBus: [everySetting.eventBusArn], traces: ['*'] },
    ],
  ])(
    'a deployed function has the permissions of the table of functions, and no others, in %s',
    (_, template, brought) => {
      const [, { Properties: properties }] = functionIn(template, name);
      const resources: Readonly<Record<string, readonly string[]>> = {
        exchangeKeys: [ownSecrets],
        snapshotTable: ['SnapshotTable'],
        orderLists: ['SnapshotTable/index/lists'],
        tableStream: ['SnapshotTable.StreamArn'],
        transitionBus: ['TransitionBus'],
        sweepDeadLetters: ['SweepDeadLetters'],
        transitionDeadLetters: ['TransitionDeadLetters'],
        logGroup: [properties['LoggingConfig']['LogGroup']['Ref']],
        ...brought,
      };
      const settings: FunctionSettings = functionSettings[name];
      const row = { ...settings.permissions, ...commonPermissions, customerKey: keyPermissions(settings) };
      const expected = Object.entries(row).flatMap(([resource, actions]) =>
        (resources[resource] ?? []).flatMap((of) => actions.map((action) => `${action} ${of}`)),
      );
      expect(allowed(template, properties['Role']['Fn::GetAtt'][0])).toEqual(expected.toSorted());
    },
  );
});

it('a function that sends to an encrypted queue may also generate data keys', () => {
  for (const name of functionNames) {
    const settings: FunctionSettings = functionSettings[name];
    const sends = Object.keys(settings.permissions).some((resource) => resource.endsWith('DeadLetters'));
    expect(keyPermissions(settings)).toEqual(sends ? ['kms:Decrypt', 'kms:GenerateDataKey'] : ['kms:Decrypt']);
  }
});

it.each([
  ['no function is traced where the stage does not say so', dev, undefined],
  ['every function is traced where the stage says so', full, { Mode: 'Active' }],
])('%s', (_, template, tracing) => {
  for (const { Properties: properties } of Object.values(template.findResources('AWS::Lambda::Function'))) {
    expect(properties['TracingConfig']).toEqual(tracing);
  }
});
