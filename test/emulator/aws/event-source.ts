import { setTimeout as sleep } from 'node:timers/promises';
import * as z from 'zod/mini';
import type { Outcome } from './environment.ts';
import type { StreamRecord } from './stream.ts';
import type { LocalMapping } from './triggers.ts';

type EventSourceSetting = {
  readonly mapping: LocalMapping;
  readonly invoke: (functionName: string, payload: string) => Promise<Outcome>;
  /** Records that the mapping's limits let nobody try again; on AWS they leave a dead letter. */
  readonly gaveUp: (functionName: string, records: readonly StreamRecord[]) => void;
  /** Before the first further attempt; doubled before each one after it. */
  readonly backoffMs?: number;
};

export type EventSource = {
  /** Takes a record of the mapping's stream, in the stream's order. */
  readonly push: (record: StreamRecord) => void;
  readonly stop: () => void;
};

const maxBackoffMs = 5_000;

const BatchResponse = z.object({
  batchItemFailures: z.array(z.object({ itemIdentifier: z.nullish(z.string()) })),
});

/**
 * Hands records to a function as Lambda's event source mapping does: what the filters let through, in batches, one after
 * the other, each again and again from where it failed until it is done or the mapping's limits are reached.
 */
export function startEventSource({ mapping, invoke, gaveUp, backoffMs = 250 }: EventSourceSetting): EventSource {
  const waiting: StreamRecord[] = [];
  const stopping = new AbortController();
  const { signal } = stopping;
  let came = Promise.withResolvers<void>();
  // Ends with the signal; an invocation that is still out then is the function's own to end.
  run().catch((error: unknown) => {
    if (!signal.aborted) throw error;
  });

  async function run(): Promise<void> {
    while (!signal.aborted) {
      if (waiting.length === 0) {
        await came.promise;
        came = Promise.withResolvers();
        continue;
      }
      const windowEnd = Date.now() + mapping.batchingWindowMs;
      while (waiting.length < mapping.batchSize && Date.now() < windowEnd) {
        await sleep(Math.min(windowEnd - Date.now(), 100), undefined, { signal });
      }
      await deliver(waiting.splice(0, mapping.batchSize), 0);
    }
  }

  async function deliver(batch: readonly StreamRecord[], attempted: number): Promise<void> {
    let rest = batch;
    let attempts = attempted;
    let retryDelayMs = backoffMs;
    while (!signal.aborted) {
      const failedAt = await offer(rest);
      if (failedAt === undefined || signal.aborted) return;
      if (failedAt === 'throttled') {
        // It was not tried.
      } else if (failedAt > 0) {
        rest = rest.slice(failedAt);
        attempts = 0;
        retryDelayMs = backoffMs;
      } else if (isOver(rest, attempts)) {
        gaveUp(mapping.functionName, rest);
        return;
      } else if (mapping.bisectOnError && rest.length > 1) {
        const middle = Math.ceil(rest.length / 2);
        await deliver(rest.slice(0, middle), attempts);
        rest = rest.slice(middle);
        continue;
      } else {
        attempts += 1;
      }
      await sleep(retryDelayMs, undefined, { signal });
      retryDelayMs = Math.min(retryDelayMs * 2, maxBackoffMs);
    }
  }

  function isOver([first]: readonly StreamRecord[], attempts: number): boolean {
    const { retryAttempts, maxRecordAgeMs } = mapping;
    const writtenAt = (first?.dynamodb.ApproximateCreationDateTime ?? 0) * 1000;
    return (
      (retryAttempts !== undefined && attempts >= retryAttempts) ||
      (maxRecordAgeMs !== undefined && Date.now() - writtenAt > maxRecordAgeMs)
    );
  }

  /** From which record on to try again; `undefined` when all are done. */
  async function offer(records: readonly StreamRecord[]): Promise<number | 'throttled' | undefined> {
    const outcome = await invoke(mapping.functionName, JSON.stringify({ Records: records }));
    if (outcome.kind === 'throttled') return 'throttled';
    if (outcome.kind !== 'returned') return 0;
    return mapping.reportsItemFailures ? firstFailure(outcome.payload, records) : undefined;
  }

  return {
    push: (record) => {
      if (!mapping.passes(record)) return;
      waiting.push(record);
      came.resolve();
    },
    stop: () => {
      stopping.abort();
      came.resolve();
    },
  };
}

/** A result that names no record, or one that was not in the batch, speaks of all of them. */
function firstFailure(payload: string, records: readonly StreamRecord[]): number | undefined {
  const result: unknown = JSON.parse(payload);
  // Nothing at all, and an empty object, are a success.
  if (result === null || result === '' || (typeof result === 'object' && Object.keys(result).length === 0)) {
    return undefined;
  }
  const parsed = BatchResponse.safeParse(result);
  if (!parsed.success) return 0;
  const places = parsed.data.batchItemFailures.map(({ itemIdentifier }) =>
    Math.max(
      records.findIndex(({ dynamodb }) => dynamodb.SequenceNumber === itemIdentifier),
      0,
    ),
  );
  return places.length === 0 ? undefined : Math.min(...places);
}
