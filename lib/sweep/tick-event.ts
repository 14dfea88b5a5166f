import * as z from 'zod/mini';

/** One tick of the schedule of a group of accounts, as EventBridge Scheduler sends it. */
export const TickEvent = z.object({
  accounts: z.array(z.string()).check(z.minLength(1)),
  /** The accounts of another group: this one checks whether they are swept. Default: none. */
  next: z.optional(z.array(z.string())),
});
