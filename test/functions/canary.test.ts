import { beforeAll, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { systemClock } from '../../lib/clock.ts';
import { Logger } from '../../lib/log.ts';
import type { Stage } from '../../lib/stage/stage.ts';
import { wireChangeWatch } from '../../lib/wiring/change-watch.ts';
import type { Fault } from '../emulator/exchange/faults.ts';
import { seedId } from '../emulator/exchange/seed-order.ts';
import type { Exchange } from '../emulator/exchange/server.ts';
import { secretText, type TestBed } from '../lib/test-bed.ts';
import { output, startTestBedForFile, testBed } from '../lib/test-bed-for-file.ts';
import { everyFunction, type FunctionResult, type Invoke, inspectDeep, type Requested } from './every-function.ts';
import { marker, orderFaults, secretFaults, tokenFaults } from './exchange-faults.ts';
import type { TestEnvironment } from './load-function.ts';
import { key, quoting } from './quoting-faults.ts';
import { rememberCredentials, rememberingTokens, seenTokens, tracker } from './seen-credentials.ts';
import { disguisesOf } from './traces.ts';

const awsSecret = 'wJ7/Qx+Zp/Yd3/Hk+83b1c2Vn';
const sessionToken = 'Fg5//Ns+Tb==5e1f90Lm8Rw';

/** Everything that anybody could have read, of all tests. */
let everything = '';

let texts = 0;
let env: TestBed['env'];

/** The function under test. */
let api: keyof typeof everyFunction;

let invoke: Invoke;

startTestBedForFile({ key });
beforeAll(() => {
  env = { ...testBed.env, AWS_SECRET_ACCESS_KEY: awsSecret, AWS_SESSION_TOKEN: sessionToken };
  tracker.addDistinctive('client secret', key.clientSecret);
  tracker.addDistinctive('AWS secret', awsSecret);
  tracker.addDistinctive('AWS session token', sessionToken);
});

beforeEach(() => {
  testBed.orangex.scriptAlways('auth', rememberingTokens);
});

/** Requests an order, and gathers all that is let out. */
async function requestOrder(requested: Requested): Promise<FunctionResult> {
  const result = await invoke(requested);
  await testBed.resetRateLimits();
  rememberCredentials(testBed.orangex);
  rememberCredentials(testBed.deribit);
  const text = `${output.text()}\n${result.text}`;
  everything += text;
  texts += 1;
  if (result.code === 'throttled') await freshProcess();
  return { code: result.code, text };
}

async function freshProcess(environment: Partial<TestEnvironment> = {}): Promise<void> {
  // INIT finds no key: the requests fetch it, and the token, and what goes wrong with either is theirs.
  testBed.secrets.failAlways({ kind: 'denied' });
  invoke = await everyFunction[api]({ stage: testBed.stage, env, ...environment });
  testBed.secrets.recover();
}

const ofOrangex = ['orangex', 'order', orderFaults] as const;
const ofDeribit = ['deribit', 'order', orderFaults] as const;
const ofTokens = ['orangex', 'auth', tokenFaults] as const;

/** All read replies through the use case: what each function makes of a failure is seen with those of one kind. */
const functions = [
  ['the use-case', [ofOrangex, ofDeribit, ofTokens]],
  ['get-order', [ofTokens]],
  ['check-orders', [ofOrangex]],
  ['get-order-state', [ofDeribit]],
] as const;

describe.each(functions)('%s', (name, targets) => {
  beforeAll(() => {
    api = name;
  });

  describe.each(targets)('replies of %s to %s requests', (dialect, target, faultCases) => {
    const account = dialect === 'orangex' ? 'main' : 'other';
    let exchange: Exchange;
    let requested: Requested;
    beforeAll(async () => {
      exchange = testBed[dialect];
      requested = { account, orderId: exchange.place() };
      await freshProcess();
    });

    /** The order is requested with a new token, in its first reply or in the one under test. */
    async function requestWithFault(fault: Fault, remainingMs?: number): Promise<FunctionResult> {
      await requestOrder({ ...requested, maxAge: 0 });
      if (remainingMs === undefined) exchange.revokeTokens();
      exchange.scriptAlways(target, fault);
      return requestOrder({ ...requested, maxAge: 0, ...(remainingMs !== undefined && { remainingMs }) });
    }

    it('no secret gets out without a fault', async () => {
      for (const maxAge of [{}, { maxAge: 0 }]) {
        const { code, text } = await requestOrder({ ...requested, ...maxAge });
        expect(code).toBe('ok');
        expect(tracker.find(text)).toEqual([]);
      }
    });

    it.each(faultCases)('no secret gets out with the fault: $name', async ({ fault, code, remainingMs }) => {
      const reported = await requestWithFault(fault, remainingMs);
      expect(reported.code).toBe(code);
      expect(tracker.find(reported.text)).toEqual([]);
      expect(reported.text).not.toContain(marker);
    });

    it.each(quoting)('no secret gets out with the secret quoted in %s', async (_, fault) => {
      const reported = await requestWithFault(fault);
      expect(reported.code).not.toBe('ok');
      expect(tracker.find(reported.text)).toEqual([]);
    });
  });

  it.each(secretFaults)(
    'no secret gets out when the key is unavailable: $name',
    async ({ name, code, fault, value }) => {
      const secretName = `${api}-secret-of-${name.replaceAll(' ', '-')}`;
      if (value !== undefined) testBed.secrets.create(secretName, value(key.clientSecret));
      await freshProcess({ stage: withSecret(secretName) });
      if (fault !== undefined) testBed.secrets.failAlways(fault);
      const reported = await requestOrder({ account: 'main', orderId: testBed.orangex.place() });
      expect(reported.code).toBe(code);
      expect(tracker.find(reported.text)).toEqual([]);
      expect(reported.text).not.toContain(marker);
    },
  );

  it.each([
    ['with the key itself', `<h1>${key.clientSecret}</h1>`, 403],
    ['with the key in a truncated reply', `{"SecretString":${JSON.stringify(secretText(key))}`, 200],
    ['with the key in a reply of another shape', JSON.stringify({ SecretString: { text: secretText(key) } }), 200],
  ])('no secret gets out when Secrets Manager replies with a page %s', async (_, body, status) => {
    await freshProcess();
    testBed.secrets.failAlways({ kind: 'status', status, body });
    const reported = await requestOrder({ account: 'main', orderId: testBed.orangex.place() });
    expect(reported.code).not.toBe('ok');
    expect(tracker.find(reported.text)).toEqual([]);
  });

  it('no secret gets out when the table is down', async () => {
    await freshProcess({ env: { ...env, AWS_ENDPOINT_URL_DYNAMODB: 'http://127.0.0.1:1' } });
    const reported = await requestOrder({ account: 'main', orderId: seedId });
    expect(reported.code).toBe('store_unavailable');
    expect(tracker.find(reported.text)).toEqual([]);
  });

  it('no secret gets out when the key may also trade, is rotated, or is lost', async () => {
    await freshProcess();
    const { orangex, secrets, secretNames } = testBed;
    onTestFinished(() => {
      orangex.setKeys([key]);
      secrets.put(secretNames.main, secretText(key));
    });
    const newer = { ...key, clientSecret: `Gv4-Xk8-Pz2-c0ffeeQw7-${functions.findIndex(([name]) => name === api)}` };
    tracker.addDistinctive('newer secret', newer.clientSecret);
    const requested = { account: 'main', orderId: orangex.place() };
    orangex.setKeys([{ ...key, scope: 'account:read trade:read_write' }]);
    const warned = await requestOrder(requested);
    expect(warned.text).toContain('is allowed to do more than read');
    orangex.setKeys([newer]);
    const refused = await requestOrder(requested);
    expect(refused.code).toBe('key_refused');
    secrets.put(secretNames.main, secretText(newer));
    await freshProcess();
    const renewed = await requestOrder(requested);
    expect(renewed.code).toBe('ok');
    for (const { text } of [warned, refused, renewed]) expect(tracker.find(text)).toEqual([]);
  });
});

/** The account's key is in another secret. */
function withSecret(secretName: string): Stage {
  const { stage } = testBed;
  const { main } = stage.accounts;
  if (main === undefined) throw new Error('the stage has an account main');
  return { ...stage, accounts: { ...stage.accounts, main: { ...main, secretName } } };
}

/** Each tick lasts two seconds: a few are enough. */
describe('ticks', () => {
  let requested: Requested;
  beforeAll(() => {
    api = 'check-open-orders';
  });
  beforeEach(async () => {
    testBed.orangex.revokeTokens();
    await freshProcess();
    const changeWatch = wireChangeWatch({ stage: testBed.stage, env, clock: systemClock });
    requested = { account: 'main', orderId: testBed.orangex.place() };
    await changeWatch({ ...requested, by: 'canary', requestId: 'request-3', watch: true });
  });

  it('no secret is in what a tick returns, throws or logs without a fault', async () => {
    const reported = await requestOrder(requested);
    expect(reported.code).toBe('ok');
    expect(tracker.find(reported.text)).toEqual([]);
  });

  it.each(quoting.slice(0, 1))(
    'no secret is in what a tick returns, throws or logs with the secret quoted in %s',
    async (_, fault) => {
      testBed.orangex.scriptAlways('order', fault);
      const reported = await requestOrder(requested);
      expect(reported.code).toBe('busy');
      expect(tracker.find(reported.text)).toEqual([]);
    },
  );

  it('no secret is in what a tick returns, throws or logs when the key is not JSON', async () => {
    testBed.secrets.create('bare-key', key.clientSecret);
    await freshProcess({ stage: withSecret('bare-key') });
    const reported = await requestOrder(requested);
    expect(reported.code).toBe('secret_malformed');
    expect(tracker.find(reported.text)).toEqual([]);
  });

  it('no secret is in what a tick returns, throws or logs when the table is down', async () => {
    await freshProcess({ env: { ...env, AWS_ENDPOINT_URL_DYNAMODB: 'http://127.0.0.1:1' } });
    const reported = await requestOrder(requested);
    expect(reported.code).toBe('store_unavailable');
    expect(tracker.find(reported.text)).toEqual([]);
  });
});

describe('search', () => {
  it('the search for secrets in all output has read output of every function, errors, logs and responses, and has seen every kind of credential', () => {
    expect(texts).toBeGreaterThan(200);
    expect(everything).toContain('"message":"failed"');
    expect(everything).toContain('"message":"responded"');
    expect(everything).toContain('"message":"ticked"');
    expect(everything).toContain('application/problem+json');
    expect(everything).toContain("name: 'Failure'");
    expect(testBed.orangex.requests.some(({ body }) => body.includes(JSON.stringify(key.clientSecret)))).toBe(true);
    expect(testBed.deribit.requests.some(({ headers }) => headers.authorization?.includes('sig='))).toBe(true);
    expect(seenTokens.size).toBeGreaterThan(100);
  });

  it('the search for secrets in all output finds no secret in all of that output, not even one that was issued later', () => {
    expect(tracker.find(everything)).toEqual([]);
  });

  const planted = [
    ...disguisesOf(key.clientSecret),
    ...disguisesOf(sessionToken),
    ['a part', key.clientSecret.slice(3, 11)],
    ['the authorization of HTTP', Buffer.from(`${key.clientId}:${key.clientSecret}`).toString('base64')],
  ] as const;
  it.each(planted)('the search for secrets in all output finds a secret that was planted as %s', (_, disguise) => {
    const half = Math.floor(everything.length / 2);
    const text = everything.slice(half - 5_000, half) + disguise + everything.slice(half, half + 5_000);
    expect(tracker.find(text)).not.toEqual([]);
  });

  it('the search for secrets in all output finds every token and signature that was planted', () => {
    for (const token of seenTokens) {
      expect(tracker.find(`${everything.slice(0, 100)}${token}${everything.slice(0, 100)}`)).not.toEqual([]);
    }
  });

  it('the search for secrets in all output finds a secret deep inside an error', () => {
    const inner = Object.defineProperty(new Error('x'), '$response', {
      value: { body: { bytes: Buffer.from(key.clientSecret) } },
      enumerable: false,
    });
    const thrown = new Error('a', { cause: new Error('b', { cause: inner }) });
    expect(tracker.find(inspectDeep(thrown))).not.toEqual([]);
  });

  it('the search for secrets in all output finds a secret that is logged', () => {
    new Logger().info('x', { entry: { key: key.clientSecret } });
    new Logger().error('x', { detail: key.clientSecret });
    console.warn(sessionToken);
    expect(tracker.find(output.lines().at(0) ?? '')).not.toEqual([]);
    expect(tracker.find(output.lines().at(1) ?? '')).not.toEqual([]);
    expect(tracker.find(output.text()).some((found) => found.includes('session token'))).toBe(true);
  });
});
