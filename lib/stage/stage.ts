import * as z from 'zod/mini';
import { dialectNames } from '../exchange/dialects/index.ts';

/** Account names are path segments, key prefixes and parts of resource names. */
export const accountPattern = /^[a-z0-9-]{1,32}$/;

const StageAccount = z.strictObject({
  dialect: z.enum(dialectNames),
  /** The exchange's base URL, such as `https://api.orangex.com/api/v1`. */
  url: z.string(),
  /** Name, or whole ARN, of the Secrets Manager secret that holds `{"client_id","client_secret"}`. */
  secretName: z.string(),
  /** Our share of the exchange's rate limit, above 0 and at most 1. */
  shareOfRate: z.number(),
  /** The minimum time from a change of a live order to its next check, seconds. */
  minCheckSeconds: z.number(),
  /** The maximum time between checks; at most a third of the exchange's retention of closed orders; seconds. */
  maxCheckSeconds: z.number(),
  /** Whether all open orders of the account are listed, instead of each being checked individually. */
  lists: z.boolean(),
  /** Whether listed orders that nobody registered are watched, too. */
  discover: z.boolean(),
  /** The time between lists while orders change, and while all rest, seconds. */
  minListSeconds: z.number(),
  maxListSeconds: z.number(),
  /** The exchange's retention of closed orders, seconds. */
  keepsClosedOrdersSeconds: z.number(),
  /** The retention of snapshots that are no longer their order's newest, days. Default: forever. */
  historyDays: z.optional(z.number()),
});

/** Who may call the API: any principal that IAM allows, or the bearer of a token whose claim lists the account. */
const Auth = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('iam') }),
  z.strictObject({ kind: z.literal('jwt'), accountsClaim: z.string() }),
]);

/** What the functions know of the stage they are deployed in. */
export const Stage = z.strictObject({
  name: z.string(),
  /** Which metrics the sweep writes. Default: all of them. */
  monitoring: z.optional(z.literal('essential')),
  auth: Auth,
  accounts: z.record(z.string().check(z.regex(accountPattern)), StageAccount),
});
export type Stage = z.infer<typeof Stage>;
export type StageAccount = z.infer<typeof StageAccount>;
