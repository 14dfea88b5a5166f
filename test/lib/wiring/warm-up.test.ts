import { expect, it } from 'vitest';
import { Logger } from '../../../lib/log.ts';
import { createOrderChecks } from '../../../lib/wiring/order-checks.ts';
import { output, startTestBedForFile, testBed } from '../test-bed-for-file.ts';
import { check, createChecks, oneOrder, requestsDuring, stageOf } from './order-checks.ts';

startTestBedForFile();

const down = 'http://127.0.0.1:1';

it('the warm-up of a function fetches key and token of the only account before its first check', async () => {
  const wiring = createChecks({ stage: stageOf('main') });
  const warming = await requestsDuring(() => wiring.warmUp());
  expect(warming).toEqual({ secrets: 1, tokens: 1, orders: 0, tests: 0, others: 0 });
  expect(await requestsDuring(() => check(wiring, 'main'))).toEqual(oneOrder);
});

it('the warm-up of a function opens the connection to the exchange where no token is needed', async () => {
  const wiring = createChecks({ stage: stageOf('other') });
  expect(await requestsDuring(() => wiring.warmUp())).toEqual({
    secrets: 1,
    tokens: 0,
    orders: 0,
    tests: 1,
    others: 0,
  });
  const warmed = testBed.deribit.requests.at(-1)?.connection;
  expect(await requestsDuring(() => check(wiring, 'other'))).toEqual(oneOrder);
  expect(testBed.deribit.requests.at(-1)?.connection).toBe(warmed);
});

it('the warm-up of a function fetches both keys where there are two accounts, and calls only the exchange of the first account', async () => {
  const wiring = createChecks();
  expect(await requestsDuring(() => wiring.warmUp())).toEqual({
    secrets: 2,
    tokens: 1,
    orders: 0,
    tests: 0,
    others: 0,
  });
  for (const account of ['main', 'other'] as const) {
    const first = await requestsDuring(() => check(wiring, account));
    expect(first).toEqual({ secrets: 0, tokens: 0, orders: 1, tests: 0, others: 0 });
  }
});

it('the warm-up of a function fetches eleven keys where there are more, and no others', async () => {
  const { main } = testBed.stage.accounts;
  if (main === undefined) throw new Error('the stage has main');
  const accounts = Object.fromEntries(Array.from({ length: 40 }, (_, i) => [`account-${i}`, main]));
  const warming = await requestsDuring(() => createChecks({ stage: { ...testBed.stage, accounts } }).warmUp());
  expect(warming).toEqual({ secrets: 11, tokens: 1, orders: 0, tests: 0, others: 0 });
});

it('the warm-up of a function presents what it rehearsed, and ignores an error of that', async () => {
  const presented: string[] = [];
  const present = ({ rank }: { readonly rank: string }) => {
    presented.push(rank);
    throw new Error('for the test');
  };
  await createChecks({ stage: stageOf('main') }).warmUp(present);
  expect(presented).toHaveLength(1);
  expect(output.lines()).toEqual([]);
});

it('the warm-up of a function does nothing without any account', async () => {
  await expect(createChecks({ stage: { ...testBed.stage, accounts: {} } }).warmUp()).resolves.toBeUndefined();
});

it('the warm-up of a function never fails, whatever is down', async () => {
  const env = { ...testBed.env, AWS_ENDPOINT_URL_DYNAMODB: down };
  testBed.secrets.failAlways({ kind: 'denied' });
  await expect(createChecks({ stage: stageOf('main'), env }).warmUp()).resolves.toBeUndefined();
  testBed.secrets.recover();
  testBed.orangex.scriptAlways('auth', { kind: 'error', code: 13_004 });
  await expect(createChecks({ stage: stageOf('main') }).warmUp()).resolves.toBeUndefined();
});

it('the warm-up of a function ends after two seconds, whatever hangs', async () => {
  const slept: number[] = [];
  const clock = {
    now: Date.now,
    sleep: async (milliseconds: number) => {
      slept.push(milliseconds);
    },
  };
  testBed.orangex.scriptAlways('auth', { kind: 'hang' });
  const { warmUp } = createOrderChecks({
    ...testBed,
    stage: stageOf('main'),
    clock,
    priority: 'interactive',
    logger: new Logger(),
  });
  await warmUp();
  expect(slept).toEqual([2_000]);
});
