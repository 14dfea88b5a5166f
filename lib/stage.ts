import * as z from 'zod/mini';
import { dialectNames } from './exchange/dialects/index.ts';

/** Account names: they are path segments, key prefixes and parts of resource names. */
export const accountPattern = /^[a-z0-9-]{1,32}$/;

const StageAccount = z.strictObject({
  dialect: z.enum(dialectNames),
  /** The exchange's base URL, such as `https://api.orangex.com/api/v1`. */
  url: z.string(),
  /** Name, or whole ARN, of the Secrets Manager secret that holds `{"client_id","client_secret"}`. */
  secretName: z.string(),
  /** The part of the exchange's rate limit that is ours to spend, above 0 and at most 1. */
  shareOfRate: z.number(),
  /** A live order is checked again this long after a change, at the soonest; seconds. */
  minCheckSeconds: z.number(),
  /** And at the latest; at most a third of how long the exchange remembers closed orders; seconds. */
  maxCheckSeconds: z.number(),
  /** How long the exchange tells how an order closed, seconds. Default: as long as its dialect is known for. */
  keepsClosedOrdersSeconds: z.optional(z.number()),
  /** How long a snapshot stays that is no longer its order's newest, days. Default: for ever. */
  historyDays: z.optional(z.number()),
});

/** Who may ask: any caller whom IAM lets in, or the holder of a token for the accounts that a claim of it lists. */
const Auth = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('iam') }),
  z.strictObject({ kind: z.literal('jwt'), accountsClaim: z.string() }),
]);

/** What the functions know of the stage that they are deployed in. */
export const Stage = z.strictObject({
  name: z.string(),
  /** Which metrics the sweep writes. Default: all of them. */
  monitoring: z.optional(z.literal('essential')),
  auth: Auth,
  accounts: z.record(z.string().check(z.regex(accountPattern)), StageAccount),
});
export type Stage = z.infer<typeof Stage>;
export type StageAccount = z.infer<typeof StageAccount>;
