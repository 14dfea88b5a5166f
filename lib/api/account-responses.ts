import * as z from 'zod/mini';
import { breakerPhases } from '../accounts/table.ts';
import { define } from './define.ts';
import { int, text, time } from './responses.ts';

export const AccountOverview = /* @__PURE__ */ define(() =>
  z.object({
    account: text,
    dialect: text,
    list: z
      .object({
        state: z
          .enum(['trusted', 'untrusted', 'never', 'off'])
          .check(
            z.describe(
              'trusted: lists confirm the orders that they cover. untrusted: orders are checked individually. never: the account has not been listed yet. off: lists are turned off for this account.',
            ),
          ),
        listed_at: z.optional(time.check(z.describe('When the latest complete list was requested.'))),
        age_seconds: z.optional(int),
        orders: z.optional(int.check(z.describe('The number of orders in it.'))),
        reason: z.optional(
          text.check(z.describe('Why lists are not trusted: contradicted, incomplete, or an error code.')),
        ),
        since: z.optional(time),
        next_at: z.optional(time.check(z.describe('When the account will be listed again.'))),
      })
      .check(z.describe("The account's lists of open orders.")),
    orders: z.optional(
      z
        .object({
          open: int.check(z.describe('Live orders that are watched.')),
          covered: int.check(z.describe('Of all watched orders, those that lists confirm.')),
          missing: int,
          unknown: int,
          inconsistent: int,
        })
        .check(z.describe('As last counted by the sweep; absent before the first count.')),
    ),
    swept_at: z.optional(time.check(z.describe('When the sweep last updated this overview.'))),
    rate_limit: z.object({
      used: z
        .number()
        .check(z.describe('The part of our burst that is in use: 0 to 1, or more while calls wait or are throttled.')),
    }),
    pause: z.optional(z.object({ by: text, at: time, until: z.optional(time) })),
    circuit_breaker: z.object({
      state: z.enum(breakerPhases),
      reason: z.optional(text.check(z.describe('The code of the failure that opened it.'))),
      since: z.optional(time),
    }),
    over_capacity: z
      .boolean()
      .check(z.describe('More orders have to be checked individually than the rate limit allows in time.')),
  }),
);
export type AccountOverview = z.output<typeof AccountOverview>;

export const AccountList = /* @__PURE__ */ define(() => z.object({ accounts: z.array(AccountOverview) }));
