import { describe, expect, it } from 'vitest';
import type { Pause } from '../../../lib/accounts/table.ts';
import { deribit } from '../../../lib/exchange/dialects/deribit.ts';
import { orangex } from '../../../lib/exchange/dialects/orangex.ts';
import { createCheckOpenOrders } from '../../../lib/sweep/check-open-orders.ts';
import type { SweepReport } from '../../../lib/sweep/report.ts';
import type { Sweep, SweepRequest } from '../../../lib/sweep/sweep.ts';
import { createEnvironment, startTime, type TestEnvironment } from '../accounts/environment.ts';
import { createMemoryAccountTable } from '../accounts/memory-table.ts';
import { failureOf } from '../thrown.ts';

const swept: SweepReport = {
  checked: 1,
  changed: 0,
  final: 0,
  found: 0,
  failed: {},
  listed: 0,
  listFailed: 0,
  discovered: 0,
  vanished: 0,
  listUntrusted: false,
  covered: 0,
  watched: 0,
  missing: 0,
  unknown: 0,
  inconsistent: 0,
  backlog: 0,
  overCapacity: false,
  oldestUnseenMs: 0,
  retentionHeadroomMs: 1_800_000,
};
const uncalled = async () => expect.fail('no exchange is called here');
const exchange = { getOrderState: uncalled, warmUp: uncalled };

function start({
  sweep,
  environment = createEnvironment(),
}: {
  readonly sweep?: Sweep;
  readonly environment?: TestEnvironment;
} = {}) {
  const accountTable = createMemoryAccountTable();
  const sweeps: SweepRequest[] = [];
  let deliveries = 0;
  const checkOpenOrders = createCheckOpenOrders({
    sweep: async (request) => {
      sweeps.push(request);
      return sweep === undefined ? swept : sweep(request);
    },
    accounts: new Map([
      ['main', { exchange, dialect: orangex }],
      ['other', { exchange, dialect: deribit }],
    ]),
    policyOf: (account) => ({ minMs: account === 'main' ? 10_000 : 20_000, maxMs: 600_000 }),
    capacityOf: (account) => (account === 'main' ? 3_000 : 6_000),
    accountTable,
    clock: environment,
    nonce: () => `delivery-${++deliveries}`,
  });
  let ticks = 0;
  const tick = (account = 'main', forMs = 120_000) =>
    checkOpenOrders({ account, requestId: `tick-${++ticks}`, deadline: environment.now() + forMs });
  return { environment, accountTable, sweeps, tick };
}

it('a tick of an account’s schedule sweeps the account with the settings of its stage, and ends in time for the report', async () => {
  const { environment, sweeps, tick } = start();
  const report = tick('other');
  await environment.run();
  expect(await report).toEqual({ outcome: 'swept', ...swept });
  expect(sweeps).toEqual([
    {
      account: 'other',
      requestId: 'tick-1',
      until: startTime + 95_000,
      policy: { minMs: 20_000, maxMs: 600_000 },
      before: { tat: 0, lease: { owner: 'tick-1 delivery-1', until: startTime + 30_000 } },
      keep: expect.any(Function),
      retentionMs: deribit.retentionMs,
      capacity: 6_000,
      holds: expect.any(Function),
    },
  ]);
});

it("a tick of an account’s schedule holds the account's lease while it sweeps, and then releases it", async () => {
  const held: unknown[] = [];
  const { environment, accountTable, tick } = start({
    sweep: async ({ account, holds }) => {
      held.push(holds(), (await accountTable.readAccount(account)).lease?.owner);
      return swept;
    },
  });
  const report = tick();
  await environment.run();
  await report;
  // Of this delivery alone: the same event may come twice at once.
  expect(held).toEqual([true, 'tick-1 delivery-1']);
  expect((await accountTable.readAccount('main')).lease).toBeUndefined();
});

it('a tick of an account’s schedule stores with the account what its sweep found, during the sweep and at its end', async () => {
  const environment = createEnvironment();
  let orders = 1;
  const listed = () => ({ at: startTime + orders, orders, ordersReadAt: startTime });
  const { accountTable, tick } = start({
    environment,
    sweep: async ({ keep }) => {
      keep(() => ({ listed: listed() }));
      await environment.sleep(12_000);
      orders = 2;
      return swept;
    },
  });
  const report = tick();
  const during = environment.sleep(11_000).then(() => accountTable.readAccount('main'));
  await environment.run();
  await report;
  expect((await during).listed).toEqual({ at: startTime + 1, orders: 1, ordersReadAt: startTime });
  expect(await accountTable.readAccount('main')).toEqual({
    tat: 0,
    handoverRequestedBy: 'tick-1 delivery-1',
    listed: listed(),
  });
});

it('a tick of an account’s schedule takes over from the tick before, which then ends', async () => {
  const { environment, sweeps, tick } = start({
    sweep: async ({ holds, until }) => {
      while (holds() && environment.now() < until) await environment.sleep(500);
      return swept;
    },
  });
  const first = tick();
  const second = environment.sleep(60_000).then(() => tick());
  await environment.run();
  expect([await first, await second]).toMatchObject([{ outcome: 'swept' }, { outcome: 'swept' }]);
  expect(sweeps.map(({ requestId }) => requestId)).toEqual(['tick-1', 'tick-2']);
});

it('a tick of an account’s schedule is busy when the tick before does not hand over', async () => {
  const { environment, accountTable, sweeps, tick } = start();
  const until = startTime + 600_000;
  await accountTable.takeLease('main', { owner: 'another', now: startTime, until });
  const report = tick();
  await environment.run();
  expect(await report).toEqual({ outcome: 'busy' });
  expect(sweeps).toEqual([]);
});

it('a tick of an account’s schedule refuses an account that the stage does not have', async () => {
  const { environment, sweeps, tick } = start();
  const failing = failureOf(tick('nobody'));
  await environment.run();
  const { code, message } = await failing;
  expect({ code, message }).toEqual({
    code: 'unknown_account',
    message: 'This stage has no account nobody; its accounts are in the stage table.',
  });
  expect(sweeps).toEqual([]);
});

it('a tick of an account’s schedule fails when its sweep fails, and leaves the account to the next tick', async () => {
  const { environment, accountTable, tick } = start({
    sweep: async () => {
      throw new TypeError('unforeseen');
    },
  });
  const failing = tick().catch((thrown: unknown) => thrown);
  await environment.run();
  expect(await failing).toBeInstanceOf(TypeError);
  expect(await accountTable.readAccount('main')).not.toHaveProperty('lease');
  // It found nothing, and says so of nothing.
  expect(await accountTable.readAccount('main')).not.toHaveProperty('finding');
});

describe('pauses', () => {
  const command: Pause = { paused: true, by: 'arn:aws:iam::123456789012:user/desk', at: startTime - 1_000 };

  it.each<[string, Pause]>([
    ['for good', command],
    ['for a time', { ...command, until: startTime + 3_600_000 }],
  ])(
    'a tick of an account that is paused %s sweeps nothing, and says since when, by whom and for how long',
    async (_, pause) => {
      const { environment, accountTable, sweeps, tick } = start();
      await accountTable.setPause('main', pause);
      const report = tick();
      await environment.run();
      expect(await report).toEqual({ outcome: 'paused', pause });
      expect(sweeps).toEqual([]);
      expect(await accountTable.readAccount('main')).toEqual({ tat: 0, pause });
    },
  );

  it.each<[string, Pause]>([
    ['whose time is over', { ...command, until: startTime }],
    ['that was revoked', { ...command, paused: false }],
  ])('a tick of an account with a pause command %s sweeps', async (_, pause) => {
    const { environment, accountTable, tick } = start();
    await accountTable.setPause('main', pause);
    const report = tick();
    await environment.run();
    expect((await report).outcome).toBe('swept');
  });

  it('a tick of an account sweeps even if another account is paused', async () => {
    const { environment, accountTable, tick } = start();
    await accountTable.setPause('main', command);
    const report = tick('other');
    await environment.run();
    expect((await report).outcome).toBe('swept');
  });

  it('a tick of an account ends its sweep when the account is paused', async () => {
    let endedAt = 0;
    const { environment, accountTable, tick } = start({
      sweep: async ({ holds, until }) => {
        while (holds() && environment.now() < until) await environment.sleep(500);
        endedAt = environment.now() - startTime;
        return swept;
      },
    });
    const first = tick('main', 300_000);
    const second = environment.sleep(60_000).then(async () => {
      await accountTable.setPause('main', { ...command, at: environment.now() });
      return tick();
    });
    await environment.run();
    expect([await first, await second]).toMatchObject([{ outcome: 'swept' }, { outcome: 'paused' }]);
    expect(endedAt).toBeLessThanOrEqual(64_000);
  });
});
