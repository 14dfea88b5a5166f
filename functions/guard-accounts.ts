import middy from '@middy/core';
import { AccountsChange, customResource } from '../lib/account-guard/custom-resource.ts';
import { systemClock as clock } from '../lib/clock.ts';
import { Logger } from '../lib/log.ts';
import { wireGuardAccounts } from '../lib/wiring/account-guard.ts';

const logger = new Logger();
const guardAccounts = wireGuardAccounts({ env: process.env, clock });

async function onChange(event: unknown): Promise<string | undefined> {
  const change = AccountsChange.parse(event);
  if (change.RequestType !== 'Update') return undefined;
  return guardAccounts(change.OldResourceProperties.Accounts, change.ResourceProperties.Accounts);
}

export const handler = middy<unknown, string | undefined>().use(customResource({ logger })).handler(onChange);
