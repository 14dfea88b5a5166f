import { systemClock } from '../../../lib/clock.ts';
import { Logger } from '../../../lib/log.ts';
import type { Stage } from '../../../lib/stage/stage.ts';
import { createOrderChecks, type OrderChecks } from '../../../lib/wiring/order-checks.ts';
import type { TestBed } from '../test-bed.ts';
import { testBed } from '../test-bed-for-file.ts';

/** The requests of a check when key and token are there already. */
export const oneOrder = { secrets: 0, tokens: 0, orders: 1, tests: 0, others: 0 };

export function createChecks(
  changes: { readonly stage?: Stage; readonly env?: TestBed['env']; readonly logger?: Logger } = {},
): OrderChecks {
  const { stage, env } = testBed;
  return createOrderChecks({
    stage,
    env,
    clock: systemClock,
    priority: 'interactive',
    logger: new Logger(),
    ...changes,
  });
}

export function stageOf(name: 'main' | 'other'): Stage {
  const account = testBed.stage.accounts[name];
  if (account === undefined) throw new Error(`the stage has ${name}`);
  return { ...testBed.stage, accounts: { [name]: account } };
}

/** The requests that the test bed receives meanwhile. */
export async function requestsDuring(meanwhile: () => Promise<unknown>) {
  const { orangex, deribit, secrets } = testBed;
  const count = () => ({
    secrets: secrets.requests.length,
    tokens: orangex.count('auth'),
    orders: orangex.count('get_order_state') + deribit.count('get_order_state'),
    tests: deribit.count('test'),
    others: orangex.count('other') + deribit.count('other'),
  });
  const before = count();
  await meanwhile();
  const after = count();
  return {
    secrets: after.secrets - before.secrets,
    tokens: after.tokens - before.tokens,
    orders: after.orders - before.orders,
    tests: after.tests - before.tests,
    others: after.others - before.others,
  };
}

export function check({ checkOrder }: OrderChecks, account: 'main' | 'other') {
  const orderId = account === 'main' ? testBed.orangex.place() : testBed.deribit.place();
  return checkOrder({ account, orderId, observedBy: 'd', requestId: 'r', deadline: Date.now() + 10_000 });
}
