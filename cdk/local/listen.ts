import { once } from 'node:events';
import type { Server } from 'node:net';

/** Listens on the loopback only; port 0 takes a free one. Rejects when the port is taken. */
export async function listen(server: Server, port: number): Promise<{ readonly port: number }> {
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('not an address of a TCP server');
  return { port: address.port };
}
