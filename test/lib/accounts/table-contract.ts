import { expect, it } from 'vitest';
import { type AccountTable, isPaused, type WatchRequests } from '../../../lib/accounts/table.ts';

const now = Date.UTC(2026, 0, 1);

let accounts = 0;
/** An account of its own for each test: the engine is shared. */
function newAccount(): string {
  return `account-${++accounts}`;
}

/** What the rate limiter and the sweep require of a table. */
export function keepsTheAccountContract(tableOf: () => AccountTable & WatchRequests): void {
  it('returns an empty state for an account that was never written', async () => {
    const account = newAccount();
    expect(await tableOf().readAccount(account)).toEqual({ tat: 0 });
    await tableOf().releaseLease(account, 'anyone');
    expect(await tableOf().readAccount(account)).toEqual({ tat: 0 });
  });

  it('raises the arrival time from nothing or from below, and never lowers it', async () => {
    const table = tableOf();
    const account = newAccount();
    expect(await table.raiseTat(account, { below: now, to: now + 200 })).toBe(true);
    expect(await table.raiseTat(account, { below: now, to: now + 200 })).toBe(false);
    expect(await table.raiseTat(account, { below: now + 200, to: now + 900 })).toBe(false);
    expect(await table.raiseTat(account, { below: now + 201, to: now + 900 })).toBe(true);
    expect(await table.readAccount(account)).toEqual({ tat: now + 900 });
  });

  it('advances the arrival time from within its bounds only, and says where it stands', async () => {
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

  it('gives each of many takers at once what it took', async () => {
    const table = tableOf();
    const account = newAccount();
    await table.raiseTat(account, { below: now, to: now });
    const move = { from: now, to: now + 900, byMs: 100 };
    const answers = await Promise.all(Array.from({ length: 15 }, () => table.advanceTat(account, move)));
    const taken = answers.filter((tat) => tat !== undefined).toSorted((a, b) => a - b);
    expect(taken).toEqual(Array.from({ length: 10 }, (_, i) => now + (i + 1) * 100));
  });

  it('gives the lease to its owner and to nobody else before it ends', async () => {
    const table = tableOf();
    const account = newAccount();
    expect(await table.takeLease(account, { owner: 'a', now, until: now + 15 })).toBe(true);
    expect(await table.takeLease(account, { owner: 'b', now: now + 14, until: now + 29 })).toBe(false);
    expect(await table.takeLease(account, { owner: 'a', now: now + 10, until: now + 25 })).toBe(true);
    expect(await table.takeLease(account, { owner: 'b', now: now + 15, until: now + 30 })).toBe(false);
    expect(await table.takeLease(account, { owner: 'b', now: now + 25, until: now + 40 })).toBe(true);
    expect(await table.readAccount(account)).toEqual({ tat: 0, lease: { owner: 'b', until: now + 40 } });
  });

  it('stores the last requester of the lease, whatever its owner', async () => {
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

  it('lets only the owner release the lease, and then gives it to anyone', async () => {
    const table = tableOf();
    const account = newAccount();
    await table.raiseTat(account, { below: now, to: now });
    await table.takeLease(account, { owner: 'a', now, until: now + 15 });
    await table.releaseLease(account, 'b');
    expect(await table.takeLease(account, { owner: 'b', now, until: now + 15 })).toBe(false);
    await table.releaseLease(account, 'a');
    await table.releaseLease(account, 'a');
    expect(await table.readAccount(account)).toEqual({ tat: now });
    expect(await table.takeLease(account, { owner: 'b', now, until: now + 15 })).toBe(true);
  });

  it('keeps the sweep summary of the lease’s owner, and of nobody else, until there is another', async () => {
    const table = tableOf();
    const account = newAccount();
    expect(await table.recordWatchRequest(account, now)).toBeUndefined();
    await table.takeLease(account, { owner: 'a', now, until: now + 15 });
    await table.releaseLease(account, 'b', { overCapacity: true });
    expect(await table.recordWatchRequest(account, now)).toBeUndefined();
    await table.releaseLease(account, 'a', { overCapacity: true });
    await table.releaseLease(account, 'a', { overCapacity: false });
    expect(await table.recordWatchRequest(account, now + 1)).toEqual({ overCapacity: true });
    expect(await table.readAccount(account)).toEqual({ tat: 0, summary: { overCapacity: true } });
    await table.takeLease(account, { owner: 'b', now, until: now + 15 });
    await table.releaseLease(account, 'b');
    expect(await table.recordWatchRequest(account, now + 2)).toEqual({ overCapacity: true });
    await table.takeLease(account, { owner: 'b', now, until: now + 15 });
    await table.releaseLease(account, 'b', { overCapacity: false });
    expect(await table.recordWatchRequest(account, now + 3)).toEqual({ overCapacity: false });
  });

  it('keeps the latest pause command, whatever the order of arrival', async () => {
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

  it('pauses until the given end, or until the next command', async () => {
    const pause = { paused: true, by: 'anna', at: now };
    expect(isPaused({}, now)).toBe(false);
    expect(isPaused({ pause }, now + 1e9)).toBe(true);
    expect(isPaused({ pause: { ...pause, until: now + 60 } }, now + 59)).toBe(true);
    expect(isPaused({ pause: { ...pause, until: now + 60 } }, now + 60)).toBe(false);
    expect(isPaused({ pause: { ...pause, paused: false } }, now)).toBe(false);
  });
}
