import { once } from 'node:events';
import type { Server as HttpServer } from 'node:http';
import type { Server } from 'node:net';

/** Listens on the loopback only; port 0 takes a free one. Rejects when the port is taken. */
export async function listen(server: Server, port: number): Promise<{ readonly port: number }> {
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('not an address of a TCP server');
  return { port: address.port };
}

/** Ends what still runs, and resolves when nobody is served any more. */
export async function unlisten(server: Pick<HttpServer, 'close' | 'closeAllConnections'>): Promise<void> {
  const closed = new Promise((resolve) => server.close(resolve));
  server.closeAllConnections();
  await closed;
}
