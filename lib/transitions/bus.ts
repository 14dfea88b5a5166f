import { type EventBridgeClient, PutEventsCommand, type PutEventsRequestEntry } from '@aws-sdk/client-eventbridge';
import type { Clock } from '../clock.ts';
import { batchesOf } from './entry.ts';

/** Why sending ended early: the bus refused an entry, did not respond, or there was no time left. */
type Stop = {
  readonly code: 'bus_refused' | 'bus_unavailable' | 'deadline';
  /** The bus's own name for it. */
  readonly reason?: string;
};

/** The entries before `accepted` are on the bus; of the others, some may be. */
type Sent = { readonly accepted: number; readonly stop?: Stop };

/** Sends entries in their order until all are sent or one is not; `deadline` is in milliseconds since the Unix epoch. */
export type Bus = (entries: readonly PutEventsRequestEntry[], deadline: number) => Promise<Sent>;

type BusDeps = { readonly client: Pick<EventBridgeClient, 'send'>; readonly clock: Clock };

/** Never throws: the caller needs to know how many entries were accepted. */
export function createBus({ client, clock }: BusDeps): Bus {
  return async (entries, deadline) => {
    let accepted = 0;
    for (const batch of batchesOf(entries)) {
      const left = deadline - clock.now();
      if (left <= 0) return { accepted, stop: { code: 'deadline' } };
      const { accepted: more, stop } = await put(batch, left);
      accepted += more;
      if (stop !== undefined) return { accepted, stop };
    }
    return { accepted };
  };

  async function put(batch: readonly PutEventsRequestEntry[], timeoutMs: number): Promise<Sent> {
    const command = new PutEventsCommand({ Entries: [...batch] });
    try {
      const { FailedEntryCount, Entries = [] } = await client.send(command, {
        abortSignal: AbortSignal.timeout(timeoutMs),
      });
      if (FailedEntryCount === 0) return { accepted: batch.length };
      const refused = Math.max(
        Entries.findIndex(({ ErrorCode }) => ErrorCode !== undefined),
        0,
      );
      return {
        accepted: refused,
        stop: { code: 'bus_refused', reason: Entries[refused]?.ErrorCode ?? 'no count of failed entries' },
      };
    } catch (error) {
      return {
        accepted: 0,
        stop: { code: 'bus_unavailable', reason: error instanceof Error ? error.name : 'unknown' },
      };
    }
  }
}
