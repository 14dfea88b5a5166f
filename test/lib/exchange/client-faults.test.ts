import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import type { Code } from '../../../lib/errors.ts';
import { dialects } from '../../../lib/exchange/dialects/index.ts';
import type { Fault } from '../../emulator/exchange/faults.ts';
import { seedId } from '../../emulator/exchange/seed-order.ts';
import { failureOf, printed } from '../thrown.ts';
import { countResources } from './held-resources.ts';
import { type Harness, holdKey, keyOf, startHarness } from './test-client.ts';

const canarySecret = 'canary-secret-0d5f';

/** The exchange's fault, on every request, and the code that the call fails with. */
const connectionFaults: readonly (readonly [Fault, Code])[] = [
  [{ kind: 'hang' }, 'timeout'],
  [{ kind: 'delay', ms: 5_000 }, 'timeout'],
  [{ kind: 'slowBody', everyMs: 100 }, 'timeout'],
  [{ kind: 'drop' }, 'unreachable'],
  [{ kind: 'drop', reset: true }, 'unreachable'],
  [{ kind: 'dropAfterHeaders' }, 'invalid_response'],
  [{ kind: 'truncate', framing: 'length' }, 'invalid_response'],
  [{ kind: 'truncate', framing: 'chunked' }, 'invalid_response'],
  [{ kind: 'truncate', framing: 'short' }, 'invalid_response'],
];
const httpFaults: readonly (readonly [Fault, Code])[] = [
  [{ kind: 'html' }, 'busy'],
  [{ kind: 'html', status: 200 }, 'invalid_response'],
  [{ kind: 'html', status: 403 }, 'invalid_response'],
  [{ kind: 'empty' }, 'invalid_response'],
  [{ kind: 'empty', status: 503 }, 'busy'],
  [{ kind: 'status', status: 429 }, 'throttled'],
  [{ kind: 'status', status: 429, retryAfter: 60 }, 'throttled'],
  [{ kind: 'status', status: 500 }, 'busy'],
  [{ kind: 'status', status: 504, retryAfter: 'Fri, 31 Dec 2027 23:59:59 GMT' }, 'busy'],
  [{ kind: 'status', status: 401, body: canarySecret }, 'invalid_response'],
  [{ kind: 'status', status: 404 }, 'invalid_response'],
  [{ kind: 'redirect', location: 'http://127.0.0.1:1/' }, 'invalid_response'],
  [{ kind: 'redirect', location: '/elsewhere', status: 307 }, 'invalid_response'],
  [{ kind: 'oversized', bytes: 300_000 }, 'invalid_response'],
  [{ kind: 'gzip', bytes: 10_000_000 }, 'invalid_response'],
];
const rpcFaults: readonly (readonly [Fault, Code])[] = [
  [{ kind: 'throttle', wait: 2 }, 'throttled'],
  [{ kind: 'throttle', wait: 2, httpStatus: 429 }, 'throttled'],
  [{ kind: 'error', code: -32_000, httpStatus: 429 }, 'throttled'],
  [{ kind: 'error', code: 424_242, message: canarySecret, data: { reason: canarySecret } }, 'exchange_error'],
  [{ kind: 'error', code: 10_040, withId: false, httpStatus: 503 }, 'busy'],
  [{ kind: 'wrongId' }, 'invalid_response'],
  [{ kind: 'noId' }, 'invalid_response'],
  [{ kind: 'nullId' }, 'invalid_response'],
  [{ kind: 'noJsonrpc' }, 'invalid_response'],
  [{ kind: 'bothResultAndError' }, 'invalid_response'],
  [{ kind: 'neither' }, 'invalid_response'],
  [{ kind: 'result', text: 'null' }, 'invalid_response'],
  [{ kind: 'result', text: '[]' }, 'invalid_response'],
  [{ kind: 'result', text: '{}' }, 'invalid_response'],
  [{ kind: 'result', text: `"${canarySecret}"` }, 'invalid_response'],
  [{ kind: 'raw', body: `{"token":"${canarySecret}"` }, 'invalid_response'],
  [{ kind: 'raw', body: '[]' }, 'invalid_response'],
  [{ kind: 'deep' }, 'invalid_response'],
  [{ kind: 'invalidUtf8' }, 'invalid_response'],
];
const orderFaults: readonly (readonly [Fault, Code])[] = [
  [{ kind: 'otherOrder' }, 'invalid_response'],
  [{ kind: 'duplicateKeys' }, 'invalid_response'],
  [{ kind: 'result', text: `{"order_id":["${seedId}"]}` }, 'invalid_response'],
  [{ kind: 'error', code: 10_004 }, 'order_not_found'],
  [{ kind: 'error', code: 10_004, withId: false }, 'invalid_response'],
  [{ kind: 'error', code: 10_029 }, 'not_owner'],
  [{ kind: 'error', code: 11_051 }, 'maintenance'],
];
const errorCodes: readonly (readonly [Fault, Code])[] = Object.entries(dialects.deribit.errors).map(
  ([number, { code }]) => [{ kind: 'error', code: Number(number) }, code],
);
/** A token request says nothing about an order. */
const authErrorCodes = errorCodes.map(
  ([fault, means]) =>
    [fault, ['order_not_found', 'invalid_order_id', 'not_owner'].includes(means) ? 'exchange_error' : means] as const,
);
const patient = new Set<Fault>(connectionFaults.filter(([, code]) => code === 'timeout').map(([fault]) => fault));

const wireFaults = [...connectionFaults, ...httpFaults, ...rpcFaults];

describe.each([
  ['orangex', 'order', [...wireFaults, ...orderFaults, ...errorCodes]],
  ['deribit', 'order', [...wireFaults, ...orderFaults, ...errorCodes]],
  ['orangex', 'auth', [...wireFaults, ...authErrorCodes]],
] as const)('%s: a fault of its answers to %s ends in', (dialect, target, faults) => {
  let resources: ReturnType<typeof countResources>;
  let idle: ReturnType<typeof resources.held>;
  let harness: Harness;
  beforeAll(async () => {
    const keys = [{ clientId: 'tester', clientSecret: canarySecret }];
    harness = await startHarness({ dialect, keys }, holdKey(keyOf('v1', canarySecret)));
    resources = countResources();
    await harness.ask();
    idle = resources.held();
  });
  afterEach(() => harness.server.clearScript());
  afterAll(async () => {
    resources.stop();
    await harness.stop();
  });

  test.each(faults.map(([fault, code]) => [code, JSON.stringify(fault).slice(0, 80), fault] as const))(
    '%s: %s',
    async (code, _text, fault) => {
      // Earned, so that a repeat happens wherever there may be one.
      for (let call = 0; call < 5; call++) harness.budget.earn();
      harness.server.revokeTokens();
      harness.server.scriptAlways(target, fault);
      const failure = await failureOf(harness.ask(seedId, patient.has(fault) ? 150 : 10_000));
      expect(failure.code).toBe(code);
      const text = printed(failure);
      expect(text).not.toContain(canarySecret);
      for (const { headers } of harness.server.requests) {
        const [, credential] = /(?:bearer |sig=)(\S+)/.exec(headers.authorization ?? '') ?? [];
        if (credential !== undefined) expect(text).not.toContain(credential);
      }
      harness.server.clearScript();
      await harness.ask();
      // The next call is answered, and then no timer, socket or listener of this one is left.
      await vi.waitFor(() => expect(resources.held()).toEqual(idle), { interval: 5 });
    },
  );
});

describe.each(['orangex', 'deribit'] as const)('%s: without any fault, a call', (dialect) => {
  let harness: Harness;
  beforeAll(async () => {
    harness = await startHarness({ dialect });
  });
  afterAll(() => harness.stop());

  test('is answered though the answer is old', async () => {
    const id = harness.server.place();
    harness.server.fill(id);
    harness.server.script('order', { kind: 'stale' });
    expect((await harness.ask(id)).order.order_state).toBe('open');
  });

  test('ends in order_not_found for an order that it never had', async () => {
    expect((await failureOf(harness.ask('nobodys-1'))).code).toBe('order_not_found');
  });

  test('ends in not_owner for an order of another account', async () => {
    const id = harness.server.place({ account: 'theirs' });
    expect((await failureOf(harness.ask(id))).code).toBe('not_owner');
  });

  test('ends in unreachable when nobody is there', async () => {
    const gone = await startHarness({ dialect });
    await gone.server.stop();
    expect((await failureOf(gone.ask())).code).toBe('unreachable');
    await gone.stop();
  });
});
