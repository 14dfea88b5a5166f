import * as z from 'zod/mini';

/** Account names: they are path segments, key prefixes and parts of resource names. */
export const accountPattern = /^[a-z0-9-]{1,32}$/;

const StageAccount = z.strictObject({
  dialect: z.enum(['orangex', 'deribit']),
  /** The exchange's base URL, such as `https://api.orangex.com/api/v1`. */
  url: z.string(),
  /** Name of the Secrets Manager secret that holds `{"client_id","client_secret"}`. */
  secretName: z.string(),
  /** The part of the exchange's rate limit that is ours to spend, above 0 and at most 1. */
  shareOfRate: z.number(),
  /** A live order is checked again this long after a change, at the soonest; seconds. */
  minCheckSeconds: z.number(),
  /** And at the latest; at most a third of how long the exchange remembers closed orders; seconds. */
  maxCheckSeconds: z.number(),
});

/** What the functions know of the stage that they are deployed in. */
export const Stage = z.strictObject({
  name: z.string(),
  accounts: z.record(z.string().check(z.regex(accountPattern)), StageAccount),
});
export type Stage = z.infer<typeof Stage>;
export type StageAccount = z.infer<typeof StageAccount>;
