import * as z from 'zod/mini';

/** One way to handle requests for an order, to be measured in separate processes. */
export type Subject = {
  readonly name: string;
  /** The bundle that exports `handler`. */
  readonly handler: string;
  /** The environment of the process, except where AWS is. */
  readonly env: Readonly<Record<string, string>>;
  readonly event: (requestId: string) => unknown;
  /** What happens at the exchange before each request. */
  readonly before?: () => void;
  /** What a right response says. */
  readonly expected: RegExp;
};

const Response = z.object({ statusCode: z.literal(200), body: z.string() });

/** Throws when a handler did not do its work: a fast failure is not a result. */
export function checkResponse({ name, expected }: Subject, response: unknown): void {
  const parsed = Response.safeParse(response);
  if (parsed.success && expected.test(parsed.data.body)) return;
  throw new Error(`${name} responded ${JSON.stringify(response)?.slice(0, 500)}`);
}
