import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { PutItemCommand } from '@aws-sdk/client-dynamodb';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createDynamoTable } from '../../../lib/snapshots/dynamo-table.ts';
import { headItem, snapshotItem } from '../../../lib/snapshots/items.ts';
import { snapshotOf } from '../../../lib/snapshots/snapshot.ts';
import { createSnapshotStore } from '../../../lib/snapshots/store.ts';
import { type Engine, startDynalite } from '../../engines.ts';
import { type EventBus, startEventBus } from '../../event-bus/server.ts';
import { observationOf, start } from '../snapshots/sightings.ts';
import { policy } from '../snapshots/table-contract.ts';

let engine: Engine;
let bus: EventBus;
let environment: NodeJS.ProcessEnv;

type Exit = { readonly code: number | string; readonly stdout: string; readonly stderr: string };

const script = fileURLToPath(new URL('../../republish.ts', import.meta.url));

function republish(...args: readonly string[]): Promise<Exit> {
  return new Promise((resolve) => {
    execFile(process.execPath, [script, ...args], { env: environment }, (error, stdout, stderr) => {
      resolve({ code: error?.code ?? 0, stdout, stderr });
    });
  });
}

const iso = (after: number) => new Date(start + after).toISOString();
const here = ['--table', 'snapshots', '--bus', 'transitions', '--region', 'eu-central-1'];

function observation(orderId: string, state: string, updatedAfter: number, askedAfter: number) {
  const answer = { state, updatedAfter, version: 1, filled: '0', label: '', rpl: '0', took: 50, request: 1 };
  return observationOf({ account: 'main', orderId }, { ...answer, askedAfter });
}

beforeAll(async () => {
  [engine, bus] = await Promise.all([startDynalite(), startEventBus()]);
  const dynamoUrl = await engine.client.config.endpoint?.();
  environment = {
    PATH: process.env['PATH'],
    HOME: '/nowhere',
    AWS_ACCESS_KEY_ID: 'local',
    AWS_SECRET_ACCESS_KEY: 'local',
    AWS_ENDPOINT_URL_DYNAMODB: `http://127.0.0.1:${dynamoUrl?.port}`,
    AWS_ENDPOINT_URL_EVENTBRIDGE: bus.url,
  };
  const store = createSnapshotStore(createDynamoTable({ ...engine, policyOf: () => policy }));
  await store.record(observation('A', 'open', 0, 0));
  await store.record(observation('A', 'filled', 5_000, 20_000));
  await store.record(observation('A', 'open', 1, 30_000)); // late: never the head
  await store.record(observation('B', 'open', 0, 20_000));
  await store.record(observation('OLD', 'filled', 0, 0));
});
afterAll(() => Promise.all([engine.stop(), bus.stop()]));
beforeEach(() => bus.recover());

describe('republishing', () => {
  it('counts and sends nothing, unless told to', async () => {
    const { code, stdout, stderr } = await republish('--since', iso(20_000), ...here);
    expect(stdout).toBe(
      'Would send 2 OrderStateChanged of 2 orders on transitions.\nNothing was sent: add --yes to send them.\n',
    );
    expect(stderr).toBe('11 items read, 2 orders changed since, 2 OrderStateChanged\n');
    expect(code).toBe(0);
    expect(bus.requests).toHaveLength(0);
  });

  it('sends with --yes what the stream sent, with the same ids each time', async () => {
    for (const _ of ['once', 'twice']) {
      expect(await republish('--since', iso(20_000), ...here, '--yes')).toMatchObject({
        code: 0,
        stdout: 'Sent 2 OrderStateChanged of 2 orders to transitions.\n',
      });
    }
    const sent = bus.events.map(({ detail }) => JSON.parse(detail));
    expect(sent.map(({ order_id, from, to }) => [order_id, from?.order_state, to.order_state]).toSorted()).toEqual([
      ['A', 'open', 'filled'],
      ['A', 'open', 'filled'],
      ['B', undefined, 'open'],
      ['B', undefined, 'open'],
    ]);
    expect(new Set(sent.map(({ id }) => id)).size).toBe(2);
  });

  it('tries again what the bus refused, and gives up with one line when it goes on refusing', async () => {
    bus.fail({ kind: 'refuse', entries: [1] });
    expect((await republish('--since', iso(20_000), ...here, '--yes')).code).toBe(0);
    bus.failAlways({ kind: 'refuse', entries: [0], code: 'LimitExceeded' });
    expect(await republish('--since', iso(20_000), ...here, '--yes')).toMatchObject({
      code: 1,
      stderr: 'transitions stopped taking events (LimitExceeded) after no events; run this again\n',
    });
  });

  it('finds the table by the stage, and says when it cannot', async () => {
    const { code, stderr } = await republish('--since', iso(0), '--stage', 'prod', '--region', 'eu-central-1');
    expect(stderr).toBe(
      '0 tables are called order-state-snapshots-prod-SnapshotTable…: give --table, or look at --region\n',
    );
    expect(code).toBe(1);
  });

  it('says in one line what AWS refuses', async () => {
    const { code, stderr } = await republish('--since', iso(0), ...here, '--table', 'none-such');
    expect(code).toBe(1);
    expect(stderr).toMatch(/^.*resource.*\n$/i);
  });

  it('leaves out an order that it cannot read, names it, and exits 1', async () => {
    const broken = snapshotOf(observation('BROKEN', 'open', 0, 20_000));
    for (const item of [headItem(broken), { ...snapshotItem(broken), result: { S: 'no order' } }])
      await engine.client.send(new PutItemCommand({ TableName: engine.tableName, Item: item }));
    const { code, stdout, stderr } = await republish('--since', iso(20_000), ...here);
    expect(code).toBe(1);
    expect(stdout).toContain('Would send 2 OrderStateChanged');
    expect(stderr).toContain('main#BROKEN: A snapshot in the table holds a result that is no order.\n');
    expect(stderr).toContain('Left out, for they cannot be read: 1 of the orders named above.\n');
  });
});

describe('the command line', () => {
  it('has a help', async () => {
    const { code, stdout } = await republish('--help');
    expect(code).toBe(0);
    for (const option of ['--since', '--stage', '--table', '--bus', '--region', '--yes'])
      expect(stdout).toContain(option);
  });

  it.each([
    [[], '--since takes a date'],
    [['--since', 'yesterday'], '--since takes a date'],
    [['--since', '2026-01-01T12:00:00'], '--since takes a date'],
    [['--since', '2026-13-01'], '--since takes a date'],
    [['--since', '2026-01-01'], 'give --stage, or both --table and --bus'],
    [['--since', '2026-01-01', '--table', 'snapshots'], 'give --stage, or both --table and --bus'],
    [['--since', '2026-01-01', '--bus', 'transitions'], 'give --stage, or both --table and --bus'],
    [['--colour'], "Unknown option '--colour'"],
  ])('refuses %j with one line', async (args, line) => {
    const { code, stderr } = await republish(...args);
    expect(code).toBe(2);
    expect(stderr).toMatch(/^[^\n]+See: npm run republish -- --help\n$/);
    expect(stderr).toContain(line);
  });
});
