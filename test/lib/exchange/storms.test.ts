import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { seedId } from '../../emulator/exchange/seed-order.ts';
import { failureOf } from '../thrown.ts';
import { faultsOfAuth, faultsOfOrders, patient } from './reply-faults.ts';
import { type Harness, startHarness } from './test-client.ts';

const orderFaults = [...faultsOfOrders, [{ kind: 'html', status: 401 }, 'invalid_response']] as const;
const authFaults = [...faultsOfAuth, [{ kind: 'html', status: 401 }, 'invalid_response']] as const;
/** Calls that succeed before the fault: their fifth would be four retries, if more than one were saved up. */
const earlierCalls = 20;

/**
 * A process that worked for a while, and then gets nothing else but the fault: of n requests at most n / 5 may become
 * two calls. Once, what a frozen process resumes with is made up for besides: one dead connection, and one refused
 * token, which is a request for a token and a call.
 */
describe.each([
  ['orangex', 'order', orderFaults],
  ['deribit', 'order', orderFaults],
  ['orangex', 'auth', authFaults],
] as const)('%s: replies to %s requests', (dialect, target, faults) => {
  let harness: Harness;
  beforeAll(async () => {
    harness = await startHarness({ dialect });
  });
  afterEach(() => harness.server.clearScript());
  afterAll(() => harness.stop());

  test.each(faults.map(([fault, code]) => [code, JSON.stringify(fault).slice(0, 80), fault] as const))(
    'when every reply is faulty, a request costs at most 1.2 calls: %s: %s',
    async (_code, _text, fault) => {
      const { getOrderState, server } = harness;
      for (let call = 0; call < earlierCalls; call++) await getOrderState();
      if (target === 'auth') server.revokeTokens();
      server.scriptAlways(target, fault);
      const before = server.requests.length;
      const requests = patient.has(fault) ? 5 : 10;
      for (let call = 0; call < requests; call++)
        await failureOf(getOrderState(seedId, patient.has(fault) ? 30 : 10_000));
      const calls = server.requests.length - before;
      expect(calls).toBeGreaterThan(0);
      expect(calls).toBeLessThanOrEqual(1.2 * requests + 2);
    },
  );

  test('when every reply is faulty, a request costs at most 1.2 calls: errors and dead connections in turn', async () => {
    const { getOrderState, server } = harness;
    for (let call = 0; call < earlierCalls; call++) await getOrderState();
    if (target === 'auth') server.revokeTokens();
    const inTurn = [{ kind: 'html', status: 502 }, { kind: 'drop' }] as const;
    server.script(target, ...Array.from({ length: 100 }, (_, at) => inTurn[at % 2] ?? inTurn[0]));
    const before = server.requests.length;
    for (let call = 0; call < 50; call++) await failureOf(getOrderState());
    expect(server.requests.length - before).toBeLessThanOrEqual(1.2 * 50 + 2);
  });
});
