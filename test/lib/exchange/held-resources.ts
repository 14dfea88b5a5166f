import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { ClientRequest } from 'node:http';
import type { Socket } from 'node:net';
import { vi } from 'vitest';

/** What this process holds while no call is under way. */
type Held = {
  /** Timeouts that were not cleared: the transport clears each, also one that has fired. */
  readonly timers: number;
  /** Sockets of the client that are open. */
  readonly sockets: number;
  /** Listeners on them, by event. */
  readonly listeners: Readonly<Record<string, number>>;
};

/** Counts from now on, in this process: node's own diagnostics channel reports each request of its http clients. */
export function countResources(): { readonly held: () => Held; readonly stop: () => void } {
  const sockets = new Set<Socket>();
  const started = (message: unknown) => {
    if (typeof message !== 'object' || message === null || !('request' in message)) return;
    if (message.request instanceof ClientRequest) message.request.once('socket', (socket) => sockets.add(socket));
  };
  const set = vi.spyOn(globalThis, 'setTimeout');
  const cleared = vi.spyOn(globalThis, 'clearTimeout');
  subscribe('http.client.request.created', started);
  return {
    held: () => {
      const open = [...sockets].filter(({ destroyed }) => !destroyed);
      const listeners: Record<string, number> = {};
      for (const socket of open) {
        for (const event of socket.eventNames()) {
          listeners[String(event)] = (listeners[String(event)] ?? 0) + socket.listenerCount(event);
        }
      }
      const over = new Set(cleared.mock.calls.map(([timer]) => timer));
      const timers = set.mock.results.filter(({ value }) => !over.has(value)).length;
      return { timers, sockets: open.length, listeners };
    },
    stop: () => {
      set.mockRestore();
      cleared.mockRestore();
      unsubscribe('http.client.request.created', started);
    },
  };
}
