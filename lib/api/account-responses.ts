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
              'trusted: lists confirm the orders that they cover. untrusted: orders are checked one by one. never: not listed yet. off: the stage does not list this account.',
            ),
          ),
        listed_at: z.optional(time.check(z.describe('When the latest complete list was requested.'))),
        age_seconds: z.optional(int),
        orders: z.optional(int.check(z.describe('How many orders it held.'))),
        reason: z.optional(text.check(z.describe('Why lists are not trusted: contradicted, incomplete, or a code.'))),
        since: z.optional(time),
        next_at: z.optional(time.check(z.describe('When the account is listed again.'))),
      })
      .check(z.describe('The lists of open orders of the account.')),
    orders: z.optional(
      z
        .object({
          open: int.check(z.describe('Live orders on watch.')),
          covered: int.check(z.describe('Of all orders on watch, those that lists confirm.')),
          missing: int,
          unknown: int,
          inconsistent: int,
        })
        .check(z.describe('As the sweep last counted them; absent until it did.')),
    ),
    swept_at: z.optional(time.check(z.describe('When the sweep last wrote this.'))),
    rate_limit: z.object({
      used: z.number().check(z.describe("The part of our share's burst that is in use now, 0 to 1 and above.")),
    }),
    pause: z.optional(z.object({ by: text, at: time, until: z.optional(time) })),
    circuit_breaker: z.object({
      state: z.enum(breakerPhases),
      reason: z.optional(text.check(z.describe('The code of the failure that opened it.'))),
      since: z.optional(time),
    }),
    over_capacity: z.boolean().check(z.describe('More orders have to be checked one by one than can be in time.')),
  }),
);
export type AccountOverview = z.output<typeof AccountOverview>;

export const AccountList = /* @__PURE__ */ define(() => z.object({ accounts: z.array(AccountOverview) }));
