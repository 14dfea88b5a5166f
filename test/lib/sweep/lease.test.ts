import { expect, it } from 'vitest';
import type { AccountTable } from '../../../lib/accounts/table.ts';
import { Failure } from '../../../lib/errors.ts';
import { withLease } from '../../../lib/sweep/lease.ts';
import { createEnvironment, startTime, type TestEnvironment } from '../accounts/environment.ts';
import { createMemoryAccountTable } from '../accounts/memory-table.ts';
import { failureOf } from '../thrown.ts';

const account = 'main';
const lifeMs = 30_000;
const down = async (_?: unknown) => {
  throw new Failure('store_unavailable', 'for the test');
};

/** Works until it has to end; returns when it began and ended, in milliseconds since the start. */
function untilHandover(environment: TestEnvironment, tailMs = 0) {
  return async (holds: () => boolean) => {
    const from = environment.now() - startTime;
    while (holds()) await environment.sleep(100);
    await environment.sleep(tailMs);
    return { from, to: environment.now() - startTime };
  };
}

/** Another owner, which renews forever and ignores handover requests. */
async function deafOwner(table: AccountTable, environment: TestEnvironment, forMs: number): Promise<void> {
  for (let at = 0; at < forMs; at += 3_000) {
    await table.takeLease(account, { owner: 'deaf', now: environment.now(), until: environment.now() + lifeMs });
    await environment.sleep(3_000);
  }
}

it('the lease of an account is held while the work lasts, and is free at once afterwards', async () => {
  const table = createMemoryAccountTable();
  const environment = createEnvironment();
  const done = withLease({ table, clock: environment }, { account, owner: 'a' }, async (holds) => {
    expect(holds()).toBe(true);
    expect((await table.readAccount(account)).lease).toEqual({ owner: 'a', until: startTime + lifeMs });
    await environment.sleep(20_000);
    expect(holds()).toBe(true);
    return 'done';
  });
  await environment.run();
  expect(await done).toBe('done');
  expect((await table.readAccount(account)).lease).toBeUndefined();
});

it('the lease of an account is handed over on request, within the time of one renewal', async () => {
  const table = createMemoryAccountTable();
  const environment = createEnvironment();
  const first = withLease({ table, clock: environment }, { account, owner: 'a' }, untilHandover(environment));
  const second = environment
    .sleep(60_000)
    .then(() =>
      withLease({ table, clock: environment }, { account, owner: 'b' }, async () => environment.now() - startTime),
    );
  await environment.run();
  expect((await first)?.to).toBeLessThanOrEqual(63_100);
  expect(await second).toBeGreaterThanOrEqual((await first)?.to ?? Number.NaN);
  expect(await second).toBeLessThanOrEqual(64_200);
});

it("the lease of an account stays with its owner after a handover request until the owner's last checks are done", async () => {
  const table = createMemoryAccountTable();
  const environment = createEnvironment();
  const first = withLease({ table, clock: environment }, { account, owner: 'a' }, untilHandover(environment, 20_000));
  const second = environment
    .sleep(10_000)
    .then(() =>
      withLease({ table, clock: environment }, { account, owner: 'b' }, async () => environment.now() - startTime),
    );
  await environment.run();
  expect(await second).toBeGreaterThanOrEqual((await first)?.to ?? Number.NaN);
});

it('the lease of an account is taken over from a dead owner after its thirty seconds, and not before', async () => {
  const table = createMemoryAccountTable();
  const environment = createEnvironment();
  await table.takeLease(account, { owner: 'dead', now: startTime, until: startTime + lifeMs });
  const taken = withLease(
    { table, clock: environment },
    { account, owner: 'b' },
    async () => environment.now() - startTime,
  );
  await environment.run();
  expect(await taken).toBeGreaterThanOrEqual(lifeMs);
  expect(await taken).toBeLessThanOrEqual(lifeMs + 3_000);
});

it('the lease of an account is not waited for any longer when it is not handed over in time', async () => {
  const table = createMemoryAccountTable();
  const environment = createEnvironment();
  const deaf = deafOwner(table, environment, 60_000);
  const given = withLease({ table, clock: environment }, { account, owner: 'b' }, async () => 'worked');
  await environment.run();
  await deaf;
  expect(await given).toBeUndefined();
});

it('the lease of an account is taken even if each kind of request fails at first', async () => {
  const memory = createMemoryAccountTable();
  const environment = createEnvironment();
  const failed = new Set<string>();
  const afterOneFailure = async (name: string) => {
    if (!failed.has(name)) await down(void failed.add(name));
  };
  const table: AccountTable = {
    ...memory,
    takeLease: (...args) => afterOneFailure('take').then(() => memory.takeLease(...args)),
    readAccount: (...args) => afterOneFailure('read').then(() => memory.readAccount(...args)),
    requestHandover: (...args) => afterOneFailure('request').then(() => memory.requestHandover(...args)),
  };
  const first = withLease({ table: memory, clock: environment }, { account, owner: 'a' }, untilHandover(environment));
  const second = withLease({ table, clock: environment }, { account, owner: 'b' }, async () => 'worked');
  await environment.run();
  await first;
  expect(await second).toBe('worked');
  expect([...failed]).toEqual(['take', 'read', 'request']);
});

it('the lease of an account is not taken while the table is down', async () => {
  const table = { ...createMemoryAccountTable(), takeLease: down };
  const environment = createEnvironment();
  const failing = failureOf(
    withLease({ table, clock: environment }, { account, owner: 'a' }, async () => expect.fail('it must not work')),
  );
  await environment.run();
  expect((await failing).code).toBe('store_unavailable');
});

it('the lease of an account is released when the work fails, and the failure is reported', async () => {
  const table = createMemoryAccountTable();
  const environment = createEnvironment();
  const failing = failureOf(
    withLease({ table, clock: environment }, { account, owner: 'a' }, async () => {
      throw new Failure('store_corrupt', 'for the test');
    }),
  );
  await environment.run();
  expect((await failing).code).toBe('store_corrupt');
  expect((await table.readAccount(account)).lease).toBeUndefined();
});

it('the lease of an account is released when the start of the work cannot be announced', async () => {
  const memory = createMemoryAccountTable();
  const environment = createEnvironment();
  const failing = failureOf(
    withLease({ table: { ...memory, requestHandover: down }, clock: environment }, { account, owner: 'a' }, async () =>
      expect.fail('it must not work'),
    ),
  );
  await environment.run();
  expect((await failing).code).toBe('store_unavailable');
  expect((await memory.readAccount(account)).lease).toBeUndefined();
});

it('the lease of an account that cannot be released does not fail the work', async () => {
  const table = { ...createMemoryAccountTable(), releaseLease: down };
  const environment = createEnvironment();
  const done = withLease({ table, clock: environment }, { account, owner: 'a' }, async () => 'done');
  await environment.run();
  expect(await done).toBe('done');
});

it('the lease of an account expires for a holder whose renewals fail', async () => {
  const memory = createMemoryAccountTable();
  const environment = createEnvironment();
  let isDown = false;
  const table: AccountTable = {
    ...memory,
    renewLease: (...args) => (isDown ? down() : memory.renewLease(...args)),
  };
  const held = withLease({ table, clock: environment }, { account, owner: 'a' }, async (holds) => {
    isDown = true;
    return untilHandover(environment)(holds);
  });
  await environment.run();
  expect((await held)?.to).toBe(lifeMs);
});

it('the lease of an account survives a short outage of the table', async () => {
  const memory = createMemoryAccountTable();
  const environment = createEnvironment();
  let renewals = 0;
  const table: AccountTable = {
    ...memory,
    renewLease: (...args) => (++renewals <= 2 ? down() : memory.renewLease(...args)),
  };
  const held = withLease({ table, clock: environment }, { account, owner: 'a' }, async (holds) => {
    await environment.sleep(40_000);
    return holds();
  });
  await environment.run();
  expect(await held).toBe(true);
});

it("the lease of an account is lost by a holder that finds another holder's lease in its place", async () => {
  const memory = createMemoryAccountTable();
  const environment = createEnvironment();
  const held = withLease({ table: memory, clock: environment }, { account, owner: 'a' }, async (holds) => {
    await memory.releaseLease(account, 'a');
    await memory.takeLease(account, { owner: 'b', now: environment.now(), until: environment.now() + lifeMs });
    return untilHandover(environment)(holds);
  });
  await environment.run();
  expect((await held)?.to).toBeLessThanOrEqual(10_100);
  expect((await memory.readAccount(account)).lease?.owner).toBe('b');
});

it('the lease of an account is not handed over for a requester that died before its turn', async () => {
  const table = createMemoryAccountTable();
  const environment = createEnvironment();
  await table.requestHandover(account, 'dead');
  const held = withLease({ table, clock: environment }, { account, owner: 'a' }, async (holds) => {
    await environment.sleep(50_000);
    return holds();
  });
  await environment.run();
  expect(await held).toBe(true);
});

it('the lease of an account is not taken again by a renewal that was under way when the work was done', async () => {
  const memory = createMemoryAccountTable();
  const environment = createEnvironment();
  const table: AccountTable = {
    ...memory,
    renewLease: async (...args) => {
      await environment.sleep(1_000);
      return memory.renewLease(...args);
    },
  };
  // The first renewal leaves ten seconds after the taking, and is on its way for one.
  const done = withLease({ table, clock: environment }, { account, owner: 'a' }, () => environment.sleep(10_500));
  await environment.run();
  await done;
  expect((await memory.readAccount(account)).lease).toBeUndefined();
});
