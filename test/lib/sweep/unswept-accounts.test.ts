import { describe, expect, it } from 'vitest';
import { scheduleGroups } from '../../../cdk/schedule-groups.ts';
import type { SweepSummary } from '../../../lib/accounts/table.ts';
import { createCheckGroup } from '../../../lib/sweep/check-group.ts';
import { createFindUnsweptAccounts } from '../../../lib/sweep/unswept-accounts.ts';
import { createEnvironment, startTime } from '../accounts/environment.ts';
import { createMemoryAccountTable } from '../accounts/memory-table.ts';

const summaryAt = (at: number): SweepSummary => ({
  at,
  open: 0,
  covered: 0,
  missing: 0,
  unknown: 0,
  inconsistent: 0,
  overCapacity: false,
  breaker: { phase: 'closed' },
});

type Table = ReturnType<typeof createMemoryAccountTable>;

/** What a sweep leaves with its account. */
async function swept(table: Table, account: string, at: number): Promise<void> {
  await table.takeLease(account, { owner: 'a sweep', now: at, until: at + 30_000 });
  await table.releaseLease(account, 'a sweep', { summary: summaryAt(at) });
}

describe('unswept accounts', () => {
  const pause = (until?: number) => ({ paused: true, by: 'desk', at: startTime, until });

  it.each([
    ['was swept a moment ago', 0, undefined, []],
    ['was swept just less than three minutes ago', 179_999, undefined, []],
    ['was swept three minutes ago', 180_000, undefined, ['main']],
    ['is paused', 900_000, pause(), []],
    ['was paused until a moment ago', 900_000, pause(startTime), ['main']],
  ])(
    'the accounts that are not swept are found correctly for an account that %s',
    async (_, agoMs, paused, expected) => {
      const { now } = createEnvironment();
      const table = createMemoryAccountTable();
      await swept(table, 'main', startTime - agoMs);
      if (paused !== undefined) await table.setPause('main', paused);
      const findUnswept = createFindUnsweptAccounts({ table, clock: { now, sleep: async () => {} } });
      expect(await findUnswept(['main'])).toEqual(expected);
    },
  );

  it('the accounts that are not swept include an account that was never swept', async () => {
    const findUnswept = createFindUnsweptAccounts({
      table: createMemoryAccountTable(),
      clock: createEnvironment(),
    });
    expect(await findUnswept(['main', 'desk-2'])).toEqual(['main', 'desk-2']);
  });
});

describe('ring', () => {
  const accounts = Object.fromEntries(
    Array.from({ length: 60 }, (_, i) => [`desk-${i + 1}`, { dialect: 'orangex', ownSchedule: i === 59 } as const]),
  );
  const groups = scheduleGroups(accounts);

  /** Ten minutes in which every schedule but these starts its group each minute: the counts of each minute. */
  async function tenMinutes(dead: readonly string[]) {
    const environment = createEnvironment();
    const table = createMemoryAccountTable();
    const named = new Set<string>();
    const greatest: number[] = [];
    for (let minute = 0; minute < 10; minute++) {
      const counts: number[] = [];
      const checkGroup = createCheckGroup({
        checkOpenOrders: async ({ account }) => {
          await swept(table, account, environment.now());
          return { outcome: 'busy' };
        },
        findUnswept: createFindUnsweptAccounts({ table, clock: environment }),
        onTick: () => {},
        onFailure: (failure) => expect.fail(failure.message),
        onUnswept: (found) => {
          counts.push(found.length);
          if (minute > 0) for (const account of found) named.add(account);
        },
      });
      const alive = groups.filter(({ name }) => !dead.includes(name));
      const request = { requestId: 'tick', deadline: environment.now() + 150_000 };
      await Promise.all(alive.map((group) => checkGroup({ ...group, ...request })));
      greatest.push(Math.max(...counts));
      void environment.sleep(60_000);
      await environment.run();
    }
    return { greatest: greatest.slice(1), named: [...named] };
  }

  it('the ring in which groups check on each other reports nothing while every schedule works', async () => {
    expect(await tenMinutes([])).toEqual({ greatest: Array(9).fill(0), named: [] });
  });

  it.each(groups.map(({ name, accounts }) => [name, accounts] as const))(
    'the ring in which groups check on each other reports every account of %s when its schedule is dead, minute after minute',
    async (name, accounts) => {
      const { greatest, named } = await tenMinutes([name]);
      expect(greatest).toEqual(Array(9).fill(accounts.length));
      expect(named).toEqual(accounts);
    },
  );

  it('the ring in which groups check on each other is silent when every schedule is dead, and the alarm treats that as a breach', async () => {
    const { greatest } = await tenMinutes(groups.map(({ name }) => name));
    expect(greatest).toEqual(Array(9).fill(Number.NEGATIVE_INFINITY));
  });
});
