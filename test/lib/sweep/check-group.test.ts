import { expect, it } from 'vitest';
import { Failure } from '../../../lib/errors.ts';
import { createCheckGroup } from '../../../lib/sweep/check-group.ts';
import type { CheckOpenOrders, TickReport } from '../../../lib/sweep/check-open-orders.ts';
import { createEnvironment, startTime } from '../accounts/environment.ts';
import { failureOf } from '../thrown.ts';

const environment = createEnvironment();
const busy: TickReport = { outcome: 'busy' };

/** A tick of accounts that end like this; what was reported, and when. */
function tick(accounts: Readonly<Record<string, () => Promise<TickReport>>>, next?: readonly string[]) {
  const { now } = environment;
  const started = now();
  const requests: Parameters<CheckOpenOrders>[0][] = [];
  const ended: [account: string, afterMs: number, how: string][] = [];
  const checkGroup = createCheckGroup({
    checkOpenOrders: async (request) => {
      requests.push(request);
      return accounts[request.account]?.() ?? busy;
    },
    findUnswept: async (names) => {
      if (names.includes('unreadable')) throw new Failure('store_unavailable', 'for the test');
      return names;
    },
    onTick: (account, { outcome }) => ended.push([account, now() - started, outcome]),
    onFailure: ({ code }, account = 'none') => ended.push([account, now() - started, code]),
    onUnswept: (names) => ended.push([names.join(), now() - started, 'unswept']),
  });
  const request = { requestId: 'tick-1', deadline: startTime + 150_000 };
  const result = checkGroup({ accounts: Object.keys(accounts), next, ...request });
  return { requests, ended, result };
}

const after = (ms: number) => async () => {
  await environment.sleep(ms);
  return busy;
};
const failing = (code: 'store_unavailable' | 'unknown_account') => async () => {
  throw new Failure(code, 'for the test');
};

it('the accounts of a group are swept concurrently, each until the same deadline, and reported in their order', async () => {
  const { requests, ended, result } = tick({ slow: after(60_000), fast: after(1_000) });
  await environment.run();
  expect(await result).toEqual([
    { account: 'slow', outcome: 'busy' },
    { account: 'fast', outcome: 'busy' },
  ]);
  expect(ended).toEqual([
    ['fast', 1_000, 'busy'],
    ['slow', 60_000, 'busy'],
  ]);
  expect(requests).toEqual(
    ['slow', 'fast'].map((account) => ({ account, requestId: 'tick-1', deadline: startTime + 150_000 })),
  );
});

it('an account whose sweep hangs, fails or is slow does not delay the report of the others', async () => {
  const { ended } = tick({
    hanging: () => new Promise(() => {}),
    failing: failing('store_unavailable'),
    slow: after(90_000),
    fast: after(5_000),
  });
  await environment.run();
  expect(ended).toEqual([
    ['failing', 0, 'store_unavailable'],
    ['fast', 5_000, 'busy'],
    ['slow', 90_000, 'busy'],
  ]);
});

it('a tick fails once all its accounts have ended, with the failure of the first', async () => {
  const { ended, result } = tick({
    slow: after(30_000),
    first: failing('unknown_account'),
    second: failing('store_unavailable'),
  });
  const failure = failureOf(result);
  await environment.run();
  expect((await failure).code).toBe('unknown_account');
  expect(ended.map(([account]) => account)).toEqual(['first', 'second', 'slow']);
});

it('a thrown error that is not a Failure fails the tick as internal', async () => {
  const { ended, result } = tick({
    broken: async () => {
      throw new TypeError('for the test');
    },
  });
  expect((await failureOf(result)).code).toBe('internal');
  expect(ended).toEqual([['broken', 0, 'internal']]);
});

it('a tick looks at the next group before its own sweeps end, even when one never ends', async () => {
  const { ended } = tick({ hanging: () => new Promise(() => {}), slow: after(60_000) }, ['desk-1', 'desk-2']);
  await environment.run();
  expect(ended).toEqual([
    ['desk-1,desk-2', 0, 'unswept'],
    ['slow', 60_000, 'busy'],
  ]);
});

it('a next group that cannot be read fails the tick, after its own sweeps', async () => {
  const { ended, result } = tick({ slow: after(60_000) }, ['unreadable']);
  const failure = failureOf(result);
  await environment.run();
  expect((await failure).code).toBe('store_unavailable');
  expect(ended).toEqual([
    ['none', 0, 'store_unavailable'],
    ['slow', 60_000, 'busy'],
  ]);
});
