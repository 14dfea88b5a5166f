import { Failure } from '../errors.ts';

/** The names of the accounts that the stage has. */
export type KnownAccounts = { readonly has: (account: string) => boolean };

/** Throws `unknown_account`. */
export function refuseUnknownAccount(accounts: KnownAccounts, account: string): void {
  if (!accounts.has(account)) throw unknownAccount(account);
}

/** What the stage has under an account's name. Throws `unknown_account`. */
export function accountNamed<Account>(accounts: ReadonlyMap<string, Account>, name: string): Account {
  const account = accounts.get(name);
  if (account === undefined) throw unknownAccount(name);
  return account;
}

function unknownAccount(name: string): Failure {
  return new Failure('unknown_account', `This stage has no account ${name}; its accounts are in the stage table.`);
}
