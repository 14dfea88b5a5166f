import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { createServer } from 'node:tls';
import { certificate, certificateKey } from '../lib/exchange/certificate.ts';

/** Takes TLS connections to `localhost` and passes their bytes on to an HTTP server on this machine. */
export async function startTlsProxy(target: string): Promise<{ readonly url: string; stop: () => Promise<void> }> {
  const { hostname, port, pathname } = new URL(target);
  const sockets = new Set<Socket>();
  const server = createServer({ cert: certificate, key: certificateKey }, (socket) => {
    const onward = connect(Number(port), hostname);
    for (const [from, to] of [
      [socket, onward],
      [onward, socket],
    ] as const) {
      from.setNoDelay();
      from.pipe(to);
      sockets.add(from);
      from.on('error', () => to.destroy());
      from.once('close', () => {
        sockets.delete(from);
        to.destroy();
      });
    }
  });
  server.listen(0, 'localhost');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('not an address of a TCP server');
  return {
    url: `https://localhost:${address.port}${pathname === '/' ? '' : pathname}`,
    stop: async () => {
      const closed = once(server, 'close');
      server.close();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}
