import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CreateTableCommand } from '@aws-sdk/client-dynamodb';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { startAwsEndpoint } from '../../emulator/aws/aws-endpoint.ts';
import { type Account, arnOf, startFakeAws } from './fake-aws.ts';
import { names, type OpsTestBed, runHere, runSchedule, startOpsTestBed } from './ops-test-bed.ts';

const secret = 'order-state-snapshots/desk/main/exchange-key';
const dashboard = 'order-state-snapshots-desk-us-east-1';
let folder: string;
/** Looks like a whole ARN, but the last six characters may be part of the name. */
const ownSecret = 'arn:aws:secretsmanager:eu-central-1:123456789012:secret:desk/key-orange';
let template: string;
let ownTemplate: string;
let account: Account;
let aws: Awaited<ReturnType<typeof startFakeAws>>;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'preflight-test-'));
  template = join(folder, 'desk.template.json');
  const Resources = {
    ExchangeKeymain: { Type: 'AWS::SecretsManager::Secret', Properties: { Name: secret } },
    CheckOpenOrders: { Type: 'AWS::Lambda::Function', Properties: { ReservedConcurrentExecutions: 2 } },
    GetOrder: { Type: 'AWS::Lambda::Function', Properties: {} },
    Board: {
      Type: 'AWS::CloudWatch::Dashboard',
      Properties: { DashboardName: { 'Fn::Join': ['', ['order-state-snapshots-desk-', { Ref: 'AWS::Region' }]] } },
    },
  };
  writeFileSync(template, JSON.stringify({ Resources }));
  ownTemplate = join(folder, 'own.template.json');
  writeFileSync(ownTemplate, JSON.stringify({ Resources: {}, Outputs: { ExchangeKeymain: { Value: ownSecret } } }));
});
afterAll(() => rmSync(folder, { recursive: true }));
beforeEach(async () => {
  account = {
    bootstrapVersion: 21,
    concurrency: { quota: 1000, unreserved: 1000, ofFunction: 0 },
    secrets: {},
    dashboards: ['another'],
    denied: [],
  };
  aws = await startFakeAws(account);
});
afterEach(() => aws.stop());

const run = (...args: readonly string[]) =>
  runHere('npm run ops --', [...args, '--stage', 'desk', '--template', template, '--endpoint', aws.url]);

const deployed = { ExchangeKeymain: arnOf(secret), CheckOpenOrders: 'f', Board: dashboard };

describe('preflight', () => {
  it('ops preflight finds no obstacle to a first deployment', async () => {
    expect(await run('preflight')).toEqual({
      code: 0,
      stderr: '',
      out: [
        'ok      region: us-east-1, which does not have the stack yet',
        'ok      bootstrap: version 21',
        'ok      concurrency: 2 reserved of 1000 leave 998 unreserved',
        `ok      secret ${secret}: the name is free`,
        `ok      dashboard ${dashboard}: the name is free`,
        '',
      ].join('\n'),
    });
  });

  it('ops preflight finds no obstacle to an update, because the stack owns the existing resources', async () => {
    account.stack = { outputs: {}, resources: deployed };
    account.secrets[secret] = { deleted: false };
    account.dashboards = [dashboard];
    account.concurrency.ofFunction = 2;
    account.concurrency.unreserved = 100;
    const { code, out } = await run('preflight', '--json');
    expect(code).toBe(0);
    expect(JSON.parse(out)).toHaveLength(5);
  });

  it.each<[what: string, change: () => void, line: string]>([
    [
      'an AWS account that is not bootstrapped for CDK',
      () => delete account.bootstrapVersion,
      'bootstrap: CDK is not set up',
    ],
    [
      'an old bootstrap stack',
      () => {
        account.bootstrapVersion = 5;
      },
      'bootstrap: version 5, but 6 is required: run npx cdk bootstrap',
    ],
    [
      "a new AWS account's small quota",
      () => Object.assign(account.concurrency, { quota: 10, unreserved: 10 }),
      'concurrency: 2 reserved of 10 would leave 8 unreserved, and Lambda keeps 100: set reserveConcurrency: false, or request a quota of 102',
    ],
    [
      'a kept secret',
      () => {
        account.secrets[secret] = { deleted: false };
      },
      `secret ${secret}: kept from an earlier deployment: ops adopt --stage desk takes it back`,
    ],
    [
      'a secret that is scheduled for deletion',
      () => {
        account.secrets[secret] = { deleted: true };
      },
      `secret ${secret}: scheduled for deletion, which keeps the name`,
    ],
    [
      'another dashboard with the same name',
      () => {
        account.dashboards = ['another', dashboard];
      },
      `dashboard ${dashboard}: the name is taken`,
    ],
    [
      'a check that IAM denies',
      () => {
        account.denied = ['GetParameter'];
      },
      'bootstrap: could not be checked: not authorized to GetParameter',
    ],
  ])('ops preflight reports %s, and exits 1', async (_, change, line) => {
    change();
    const { code, out } = await run('preflight');
    expect(code).toBe(1);
    expect(out.match(/^FAILED .*$/gm)).toEqual([expect.stringContaining(`FAILED  ${line}`)]);
    expect(out.match(/^ok /gm)).toHaveLength(4);
  });

  it.each<[what: string, change: () => void, code: number, line: string]>([
    [
      'accepts an external secret that exists',
      () => {
        account.secrets[ownSecret] = { deleted: false, arn: ownSecret };
      },
      0,
      `ok      secret ${ownSecret}: exists`,
    ],
    [
      'reports an ARN without its suffix, though the name ends like one',
      () => {
        account.secrets[ownSecret] = { deleted: false };
      },
      1,
      `FAILED  secret ${ownSecret}: is not the whole ARN: set secretArn to ${arnOf(ownSecret)}`,
    ],
    ['reports a missing external secret', () => {}, 1, `FAILED  secret ${ownSecret}: there is no such secret`],
    [
      'reports an external secret that is scheduled for deletion',
      () => {
        account.secrets[ownSecret] = { deleted: true, arn: ownSecret };
      },
      1,
      `FAILED  secret ${ownSecret}: scheduled for deletion`,
    ],
  ])('ops preflight %s', async (_, change, code, line) => {
    change();
    const result = await runHere('npm run ops --', [
      'preflight',
      '--stage',
      'desk',
      '--template',
      ownTemplate,
      '--endpoint',
      aws.url,
    ]);
    expect([result.code, result.out]).toEqual([code, expect.stringContaining(line)]);
  });

  it('ops preflight synthesizes a stage of the stage table', { timeout: 120_000 }, async () => {
    const { code, out } = await runHere('npm run ops --', ['preflight', '--stage', 'prod', '--endpoint', aws.url]);
    expect([code, out]).toEqual([0, expect.stringContaining('secret order-state-snapshots/prod/main/exchange-key: ')]);
    const unknown = await runHere('npm run ops --', ['preflight', '--stage', 'none', '--endpoint', aws.url]);
    expect([unknown.code, unknown.stderr]).toEqual([
      2,
      expect.stringContaining('of your own project, give --template.'),
    ]);
  });

  it('ops preflight refuses a file that is not a template', async () => {
    writeFileSync(join(folder, 'none.json'), 'x');
    const { code, stderr } = await runHere('npm run ops --', [
      'preflight',
      '--stage',
      'desk',
      '--template',
      join(folder, 'none.json'),
    ]);
    expect([code, stderr]).toEqual([2, expect.stringContaining('is not a template: give one that cdk synth wrote.')]);
  });
});

describe('adopt', () => {
  const mapping = () => JSON.parse(readFileSync(join(folder, 'adopt.json'), 'utf8'));
  const adopt = () => run('adopt', '--out', join(folder, 'adopt.json'));

  it('ops adopt writes the resource mapping of a kept secret for cdk import', async () => {
    account.secrets[secret] = { deleted: false };
    const { code, out } = await adopt();
    expect(code).toBe(0);
    expect(mapping()).toEqual({ ExchangeKeymain: { Id: arnOf(secret) } });
    expect(out).toContain(`Next: npx cdk import -c stage=desk --resource-mapping ${join(folder, 'adopt.json')}\n`);
    expect(out).toContain('Then: npx cdk deploy -c stage=desk\n');
    expect(aws.restored).toEqual([]);
  });

  it('ops adopt restores a secret that is scheduled for deletion, beside the existing stack', async () => {
    account.secrets[secret] = { deleted: true };
    account.stack = { outputs: {}, resources: { Board: dashboard } };
    const { out } = await adopt();
    expect(out).toContain(`${secret}: restored from deletion, kept, with the key that it holds.\n`);
    expect(out).toContain('adopt.json --force\n');
    expect(aws.restored).toEqual([arnOf(secret)]);
  });

  it('ops adopt does nothing when the stack has its secrets, or when there are none to adopt', async () => {
    expect((await adopt()).out).toContain('Nothing to adopt');
    account.secrets[secret] = { deleted: false };
    account.stack = { outputs: {}, resources: deployed };
    expect((await adopt()).out).toContain('Nothing to adopt');
  });
});

describe('two tables of one stage, as after a failed deployment', () => {
  const other = 'order-state-snapshots-dev-SnapshotTableOLD-1';
  let ops: OpsTestBed;
  beforeAll(async () => {
    ops = await startOpsTestBed();
    await runSchedule(ops);
    await ops.engine.client.send(
      new CreateTableCommand({
        TableName: other,
        AttributeDefinitions: [{ AttributeName: 'pk', AttributeType: 'S' }],
        KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }],
        BillingMode: 'PAY_PER_REQUEST',
      }),
    );
  });
  afterAll(() => ops.stop());
  beforeEach(() => {
    account.others = ops.url;
    vi.stubEnv('AWS_ENDPOINT_URL', aws.url);
    vi.stubEnv('AWS_ACCESS_KEY_ID', 'local');
    vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'local');
    vi.stubEnv('AWS_REGION', 'eu-central-1');
  });
  afterEach(() => vi.unstubAllEnvs());
  const pause = () => runHere('npm run ops --', ['pause', '--account', 'main', '--stage', 'dev']);

  it("where one stage has two tables, ops commands use the table that the stack's outputs name", async () => {
    account.stack = { outputs: { SnapshotTable: names.table }, resources: {} };
    expect(await pause()).toEqual({ code: 0, out: 'Account main is not paused.\n', stderr: '' });
  });

  it("where one stage has two tables, ops redrive and ops republish use the stack's queues and bus", async () => {
    const queue = (name: string) => `${ops.queues.url}/123456789012/${name}`;
    const outputs = {
      SnapshotTable: names.table,
      TransitionBus: names.bus,
      TransitionDeadLetters: queue(names.transitions),
      SweepDeadLetters: queue(names.sweeps),
    };
    account.stack = { outputs, resources: {} };
    const redrive = await runHere('npm run ops --', ['redrive', '--stage', 'dev']);
    expect(redrive.out).toBe('Transition dead-letter queue: 0 messages.\nSweep dead-letter queue: 0 messages.\n');
    const republish = await runHere('npm run ops --', ['republish', '--since', '2026-01-01', '--stage', 'dev']);
    expect(republish.out).toContain(` to ${names.bus}.\n`);
  });

  it('where one stage has two tables, a missing stack is reported in a sentence that names both tables', async () => {
    const { code, stderr } = await pause();
    expect(code).toBe(1);
    expect(stderr).toMatch(/^There are 2 tables order-state-snapshots-dev-SnapshotTable…, give --table: [^\n]+\n$/);
    expect(stderr).toContain(names.table);
    expect(stderr).toContain(other);
  });
});

it.each(['preflight', 'adopt'])('ops %s says that it requires AWS when it is used on npm start', async (command) => {
  const local = await startAwsEndpoint({});
  try {
    const args = [command, '--stage', 'desk', '--template', template, '--endpoint', local.url];
    expect(await runHere('npm run ops --', args)).toEqual({
      code: 1,
      out: '',
      stderr:
        'An AWS service that this command needs is not at this endpoint: it needs a real AWS account, without --endpoint.\n',
    });
  } finally {
    await local.stop();
  }
});
