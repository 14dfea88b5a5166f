import type { Message } from '@aws-sdk/client-sqs';
import * as z from 'zod/mini';
import { TickEvent } from '../../lib/sweep/tick-event.ts';

/** What Lambda reports of stream records that it gave up on: where they were, not what they contain. */
const TransitionDeadLetter = z.object({
  requestContext: z.object({ condition: z.string() }),
  DDBStreamBatchInfo: z.object({
    approximateArrivalOfFirstRecord: z.iso.datetime({ offset: true }),
    batchSize: z.number(),
  }),
});

/** `since` is when the first of the records was written, milliseconds since the Unix epoch. */
export type LostTransitions = { readonly since: number; readonly records: number; readonly reason: string };

/** `undefined` for any other message. */
export function lostTransitionsIn({ Body = '' }: Message): LostTransitions | undefined {
  const parsed = TransitionDeadLetter.safeParse(parse(Body));
  if (!parsed.success) return undefined;
  const { requestContext, DDBStreamBatchInfo: batch } = parsed.data;
  const since = Date.parse(batch.approximateArrivalOfFirstRecord);
  return { since, records: batch.batchSize, reason: requestContext.condition };
}

/** Lambda's report of a tick that failed. */
const FailedInvocation = z.object({
  requestPayload: TickEvent,
  requestContext: z.object({ condition: z.string() }),
  responsePayload: z.nullish(z.object({ errorMessage: z.optional(z.string()) })),
});

export type LostTick = {
  readonly accounts: readonly string[];
  readonly at: number | undefined;
  readonly error: string;
};

/** The accounts of the tick, when it was due, and why it did not happen. */
export function lostTickIn({ Body = '', Attributes, MessageAttributes }: Message): LostTick {
  const body = parse(Body);
  const sentAt = Attributes?.SentTimestamp;
  const at = sentAt === undefined ? undefined : Number(sentAt);
  const failed = FailedInvocation.safeParse(body);
  if (failed.success) {
    const { requestPayload, requestContext, responsePayload } = failed.data;
    return { accounts: requestPayload.accounts, at, error: responsePayload?.errorMessage ?? requestContext.condition };
  }
  const tick = TickEvent.safeParse(body);
  const error = ['ERROR_CODE', 'ERROR_MESSAGE'].flatMap((name) => MessageAttributes?.[name]?.StringValue ?? []);
  return { accounts: tick.success ? tick.data.accounts : [], at, error: error.join(': ') || 'no error given' };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
