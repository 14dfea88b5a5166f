import { expect, it } from 'vitest';
import { type AccountTable, isPaused, type SweepSummary, type WatchRequests } from '../../../lib/accounts/table.ts';

const now = Date.UTC(2026, 0, 1);

const fits: SweepSummary = {
  at: now,
  open: 12,
  covered: 10,
  missing: 1,
  unknown: 2,
  inconsistent: 0,
  overCapacity: false,
  breaker: { phase: 'closed' },
};
const over: SweepSummary = {
  ...fits,
  overCapacity: true,
  breaker: { phase: 'open', reason: 'key_refused', since: now },
};

let accounts = 0;
/** Each test has its own account, because the engine is shared. */
function newAccount(): string {
  return `account-${++accounts}`;
}

/** What the rate limiter and the sweep require of a table. */
export function testAccountTableContract(tableOf: () => AccountTable & WatchRequests): void {
  it('an account that was never written has an empty state', async () => {
    const account = newAccount();
    expect(await tableOf().readAccount(account)).toEqual({ tat: 0 });
    await tableOf().releaseLease(account, 'anyone');
    expect(await tableOf().readAccount(account)).toEqual({ tat: 0 });
  });

  it('the arrival time of a rate limiter rises from nothing or from below, and never falls', async () => {
    const table = tableOf();
    const account = newAccount();
    expect(await table.raiseTat(account, { below: now, to: now + 200 })).toBe(true);
    expect(await table.raiseTat(account, { below: now, to: now + 200 })).toBe(false);
    expect(await table.raiseTat(account, { below: now + 200, to: now + 900 })).toBe(false);
    expect(await table.raiseTat(account, { below: now + 201, to: now + 900 })).toBe(true);
    expect(await table.readAccount(account)).toEqual({ tat: now + 900 });
  });

  it('the arrival time of a rate limiter advances only from within its bounds, and the result says where it stands', async () => {
    const table = tableOf();
    const account = newAccount();
    expect(await table.advanceTat(account, { from: 0, to: now, byMs: 200 })).toBeUndefined();
    expect(await table.readAccount(account)).toEqual({ tat: 0 });
    await table.raiseTat(account, { below: now, to: now });
    expect(await table.advanceTat(account, { from: now, to: now, byMs: 200 })).toBe(now + 200);
    expect(await table.advanceTat(account, { from: now + 201, to: now + 300, byMs: 200 })).toBeUndefined();
    expect(await table.advanceTat(account, { from: now, to: now + 199, byMs: 200 })).toBeUndefined();
    expect(await table.advanceTat(account, { from: now, to: now + 300, byMs: 600 })).toBe(now + 800);
    expect(await table.readAccount(account)).toEqual({ tat: now + 800 });
  });

  it('each of many processes that take permits at once gets its own', async () => {
    const table = tableOf();
    const account = newAccount();
    await table.raiseTat(account, { below: now, to: now });
    const move = { from: now, to: now + 900, byMs: 100 };
    const tats = await Promise.all(Array.from({ length: 15 }, () => table.advanceTat(account, move)));
    const taken = tats.filter((tat) => tat !== undefined).toSorted((a, b) => a - b);
    expect(taken).toEqual(Array.from({ length: 10 }, (_, i) => now + (i + 1) * 100));
  });

  it('the lease of an account goes to its owner and to nobody else before it expires', async () => {
    const table = tableOf();
    const account = newAccount();
    expect(await table.takeLease(account, { owner: 'a', now, until: now + 15 })).toBeDefined();
    expect(await table.takeLease(account, { owner: 'b', now: now + 14, until: now + 29 })).toBeUndefined();
    expect(await table.takeLease(account, { owner: 'a', now: now + 10, until: now + 25 })).toBeDefined();
    expect(await table.takeLease(account, { owner: 'b', now: now + 15, until: now + 30 })).toBeUndefined();
    expect(await table.takeLease(account, { owner: 'b', now: now + 25, until: now + 40 })).toBeDefined();
    expect(await table.readAccount(account)).toEqual({ tat: 0, lease: { owner: 'b', until: now + 40 } });
  });

  it('the latest request for the lease of an account is stored, with or without an owner', async () => {
    const table = tableOf();
    const account = newAccount();
    await table.requestHandover(account, 'b');
    await table.takeLease(account, { owner: 'a', now, until: now + 15 });
    expect(await table.readAccount(account)).toEqual({
      tat: 0,
      handoverRequestedBy: 'b',
      lease: { owner: 'a', until: now + 15 },
    });
    await table.requestHandover(account, 'c');
    expect((await table.readAccount(account)).handoverRequestedBy).toBe('c');
  });

  it('only the owner of an account’s lease can release it, and then anyone can take it', async () => {
    const table = tableOf();
    const account = newAccount();
    await table.raiseTat(account, { below: now, to: now });
    await table.takeLease(account, { owner: 'a', now, until: now + 15 });
    await table.releaseLease(account, 'b');
    expect(await table.takeLease(account, { owner: 'b', now, until: now + 15 })).toBeUndefined();
    await table.releaseLease(account, 'a');
    await table.releaseLease(account, 'a');
    expect(await table.readAccount(account)).toEqual({ tat: now });
    expect(await table.takeLease(account, { owner: 'b', now, until: now + 15 })).toBeDefined();
  });

  it("the sweep summary of the lease’s owner is kept, and no one else's, until there is another", async () => {
    const table = tableOf();
    const account = newAccount();
    expect(await table.recordWatchRequest(account, now)).toBeUndefined();
    await table.takeLease(account, { owner: 'a', now, until: now + 15 });
    await table.releaseLease(account, 'b', { summary: over });
    expect(await table.recordWatchRequest(account, now)).toBeUndefined();
    await table.releaseLease(account, 'a', { summary: over });
    await table.releaseLease(account, 'a', { summary: fits });
    expect(await table.recordWatchRequest(account, now + 1)).toEqual(over);
    expect(await table.readAccount(account)).toEqual({ tat: 0, summary: over });
    await table.takeLease(account, { owner: 'b', now, until: now + 15 });
    await table.releaseLease(account, 'b');
    expect(await table.recordWatchRequest(account, now + 2)).toEqual(over);
    await table.takeLease(account, { owner: 'b', now, until: now + 15 });
    await table.releaseLease(account, 'b', { summary: fits });
    expect(await table.recordWatchRequest(account, now + 3)).toEqual(fits);
  });

  it('only the owner of an account’s lease can renew it, and the renewal returns the account as it then is', async () => {
    const table = tableOf();
    const account = newAccount();
    expect(await table.renewLease(account, { owner: 'a', until: now + 15 })).toBeUndefined();
    await table.takeLease(account, { owner: 'a', now, until: now + 15 });
    await table.requestHandover(account, 'b');
    expect(await table.renewLease(account, { owner: 'b', until: now + 30 })).toBeUndefined();
    expect(await table.renewLease(account, { owner: 'a', until: now + 30 })).toEqual({
      tat: 0,
      lease: { owner: 'a', until: now + 30 },
      handoverRequestedBy: 'b',
    });
  });

  it('what the sweep of the lease’s owner found is stored, and never an earlier list after a later one', async () => {
    const table = tableOf();
    const account = newAccount();
    const lease = { owner: 'a', until: now + 15 };
    const listTrust = { trusted: false, since: now, reason: 'contradicted', failures: 2, nextAt: now + 60 };
    await table.takeLease(account, { ...lease, now });
    const first = await table.renewLease(account, lease, {
      listed: { at: now + 5, orders: 7, ordersReadAt: now },
      listTrust,
      summary: over,
    });
    expect(first).toEqual({
      tat: 0,
      lease,
      listed: { at: now + 5, orders: 7, ordersReadAt: now },
      listTrust,
      summary: over,
    });
    expect(
      await table.renewLease(account, lease, { listed: { at: now + 4, orders: 9, ordersReadAt: now } }),
    ).toBeUndefined();
    expect(await table.readAccount(account)).toEqual(first);
    const trusted = { trusted: true, since: now + 9, failures: 0 };
    await table.renewLease(account, lease, {
      listed: { at: now + 5, orders: 8, ordersReadAt: now },
      listTrust: trusted,
    });
    await table.takeLease(account, { owner: 'b', now: now + 15, until: now + 30 });
    expect(
      await table.renewLease(account, lease, { listed: { at: now + 16, orders: 1, ordersReadAt: now } }),
    ).toBeUndefined();
    const { listed, summary } = await table.readAccount(account);
    expect({ listed, summary }).toEqual({ listed: { at: now + 5, orders: 8, ordersReadAt: now }, summary: over });
  });

  it('the latest pause command of an account is kept, whatever the order of arrival', async () => {
    const table = tableOf();
    const account = newAccount();
    const paused = { paused: true, by: 'anna', at: now, until: now + 60 };
    const resumed = { paused: false, by: 'ben', at: now + 10 };
    expect(await table.setPause(account, paused)).toBe(true);
    expect(await table.setPause(account, paused)).toBe(false);
    expect(await table.readAccount(account)).toEqual({ tat: 0, pause: paused });
    expect(await table.setPause(account, resumed)).toBe(true);
    expect(await table.setPause(account, paused)).toBe(false);
    expect(await table.readAccount(account)).toEqual({ tat: 0, pause: resumed });
  });

  it('an account is paused until the given end, or until the next command', async () => {
    const pause = { paused: true, by: 'anna', at: now };
    expect(isPaused({}, now)).toBe(false);
    expect(isPaused({ pause }, now + 1e9)).toBe(true);
    expect(isPaused({ pause: { ...pause, until: now + 60 } }, now + 59)).toBe(true);
    expect(isPaused({ pause: { ...pause, until: now + 60 } }, now + 60)).toBe(false);
    expect(isPaused({ pause: { ...pause, paused: false } }, now)).toBe(false);
  });
}
