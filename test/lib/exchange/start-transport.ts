import { afterEach } from 'vitest';
import { systemClock } from '../../../lib/clock.ts';
import { createHttpTransport, type HttpRequest, type HttpTransport } from '../../../lib/exchange/transport.ts';
import { type Behaviour, startWire, type WireServer } from './wire-server.ts';

const open: { close: () => unknown }[] = [];
afterEach(async () => {
  for (const { close } of open.splice(0)) await close();
});

/** Closed after the test. */
export function startTransport(options: { readonly ca?: string } = {}): HttpTransport {
  const transport = createHttpTransport({ clock: systemClock, ...options });
  open.push(transport);
  return transport;
}

/** A raw server, stopped after the test. */
export async function wire(behave: Behaviour, options: { readonly tls?: boolean } = {}): Promise<WireServer> {
  const server = await startWire(behave, options);
  open.push({ close: server.stop });
  return server;
}

/** Part of every header and body that `post` sends: it must not come back in an error. */
export const canary = 'canary-b81e';

/** `acquireTimeout` in milliseconds. */
export const post = (url: string, acquireTimeout = 5_000): HttpRequest => ({
  url: `${url}/api/v1/public/test?q=1`,
  headers: { authorization: `bearer ${canary}` },
  body: `{"secret":"${canary}","euro":"€"}`,
  deadline: Date.now() + acquireTimeout,
});
