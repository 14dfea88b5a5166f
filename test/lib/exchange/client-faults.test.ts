import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { seedId } from '../../emulator/exchange/seed-order.ts';
import { failureOf, printed } from '../thrown.ts';
import { countResources } from './held-resources.ts';
import { canarySecret, faultsOfAuth, faultsOfOrders, patient } from './reply-faults.ts';
import { type Harness, holdKey, keyOf, startHarness } from './test-client.ts';

describe.each([
  ['orangex', 'order', faultsOfOrders],
  ['deribit', 'order', faultsOfOrders],
  ['orangex', 'auth', faultsOfAuth],
] as const)('%s: replies to %s requests', (dialect, target, faults) => {
  let resources: ReturnType<typeof countResources>;
  let idle: ReturnType<typeof resources.held>;
  let harness: Harness;
  beforeAll(async () => {
    const keys = [{ clientId: 'tester', clientSecret: canarySecret }];
    harness = await startHarness({ dialect, keys }, holdKey(keyOf('v1', canarySecret)));
    resources = countResources();
    await harness.getOrderState();
    idle = resources.held();
  });
  afterEach(() => harness.server.clearScript());
  afterAll(async () => {
    resources.stop();
    await harness.stop();
  });

  test.each(faults.map(([fault, code]) => [code, JSON.stringify(fault).slice(0, 80), fault] as const))(
    'a call with a faulty reply fails with %s: %s',
    async (code, _text, fault) => {
      // Earned, so that a repeat happens wherever one is allowed.
      for (let call = 0; call < 5; call++) harness.budget.earn();
      harness.server.revokeTokens();
      harness.server.scriptAlways(target, fault);
      const failure = await failureOf(harness.getOrderState(seedId, patient.has(fault) ? 150 : 10_000));
      expect(failure.code).toBe(code);
      const text = printed(failure);
      expect(text).not.toContain(canarySecret);
      for (const { headers } of harness.server.requests) {
        const [, credential] = /(?:bearer |sig=)(\S+)/.exec(headers.authorization ?? '') ?? [];
        if (credential !== undefined) expect(text).not.toContain(credential);
      }
      harness.server.clearScript();
      await harness.getOrderState();
      // The next call succeeds, and then no timer, socket or listener of this one is left.
      await vi.waitFor(() => expect(resources.held()).toEqual(idle), { timeout: 30_000, interval: 5 });
    },
  );
});

describe.each(['orangex', 'deribit'] as const)('%s without faults', (dialect) => {
  let harness: Harness;
  beforeAll(async () => {
    harness = await startHarness({ dialect });
  });
  afterAll(() => harness.stop());

  test('a call without faults accepts a reply with an old state of the order', async () => {
    const id = harness.server.place();
    harness.server.fill(id);
    harness.server.script('order', { kind: 'stale' });
    expect((await harness.getOrderState(id)).order.order_state).toBe('open');
  });

  test('a call without faults fails with order_not_found for an order that never existed', async () => {
    expect((await failureOf(harness.getOrderState('nobodys-1'))).code).toBe('order_not_found');
  });

  test('a call without faults fails with not_owner for an order of another account', async () => {
    const id = harness.server.place({ account: 'theirs' });
    expect((await failureOf(harness.getOrderState(id))).code).toBe('not_owner');
  });

  test('a call without faults fails with unreachable when no server listens', async () => {
    const gone = await startHarness({ dialect });
    await gone.server.stop();
    expect((await failureOf(gone.getOrderState())).code).toBe('unreachable');
    await gone.stop();
  });
});
