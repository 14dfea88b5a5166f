import { expect, it } from 'vitest';
import { maxAccounts } from '../../../cdk/stage-problems.ts';
import { createGuardAccounts } from '../../../lib/account-guard/guard-accounts.ts';

it("the account guard's refusal fits into the response of a custom resource, however many accounts are removed", async () => {
  const stored = { watch: { openedAt: 0, observations: [], notFoundAt: [] }, revision: 1 };
  const row = { orderId: 'x'.repeat(64), status: 'watched', at: 0, seenAt: 0, failing: false, stored } as const;
  const guard = createGuardAccounts({ list: async (account) => ({ rows: [{ ...row, account }] }) });
  const accounts = Array.from({ length: maxAccounts }, (_, i) => `${i}`.padStart(32, 'a'));
  const refusal = (await guard(accounts, [])) ?? '';
  expect(refusal).toContain(`${accounts[0]} (for instance ${row.orderId})`);
  expect(refusal).toContain(` and ${maxAccounts - 10} more.`);
  // The rest of the response is ids: StackId, RequestId and two more.
  expect(Buffer.byteLength(refusal)).toBeLessThan(4_096 - 1_024);
});
