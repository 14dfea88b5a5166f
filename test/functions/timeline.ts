import { createServer } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { setTimeout as wait } from 'node:timers/promises';
import { createForwarder, send } from '../emulator/aws/forward.ts';
import { listen, unlisten } from '../emulator/listen.ts';

/** `at`: by this process's performance clock, milliseconds. */
export type TimedEvent = { readonly event: string; readonly at: number };

/** What several services were sent and responded, in the order of its happening: `PutItem`, `PutItem responded`. */
export type Timeline = {
  /** Stands before a service, whose responses then take so much longer; returns the address to use instead. */
  readonly before: (url: string, delayMs: number) => Promise<string>;
  /** What happened since the last call of either. */
  readonly take: () => readonly string[];
  readonly takeTimed: () => readonly TimedEvent[];
  readonly stop: () => Promise<void>;
};

export function createTimeline(): Timeline {
  const forwarder = createForwarder();
  const stops: (() => Promise<void>)[] = [];
  let events: TimedEvent[] = [];
  const note = (event: string) => void events.push({ event, at: performance.now() });
  const takeTimed = () => {
    const taken = events;
    events = [];
    return taken;
  };
  return {
    before: async (to, delayMs) => {
      const server = createServer(async (incoming, response) => {
        const { method, url = '', headers } = incoming;
        const body = await buffer(incoming);
        const [name = ''] = String(headers['x-amz-target'] ?? url)
          .split(/[./]/)
          .reverse();
        note(name);
        const reply = await forwarder.forward({ method: method ?? '', url, headers, body }, to);
        await wait(delayMs);
        note(`${name} responded`);
        send(response, reply);
      });
      stops.push(() => unlisten(server));
      const { port } = await listen(server, 0);
      return `http://127.0.0.1:${port}${new URL(to).pathname.replace(/\/$/, '')}`;
    },
    take: () => takeTimed().map(({ event }) => event),
    takeTimed,
    stop: async () => {
      for (const stop of stops) await stop();
      forwarder.stop();
    },
  };
}
