import * as z from 'zod/mini';

/** One tick of the schedule of a group of accounts, as EventBridge Scheduler sends it. */
export const TickEvent = z.object({
  accounts: z.array(z.string()).check(z.minLength(1)),
  /** The accounts of another group, of which this one looks whether they are swept. Default: it looks at none. */
  next: z.optional(z.array(z.string())),
});
