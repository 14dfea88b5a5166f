import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import { type KeyPair, valid } from './certificate.ts';

export type WireServer = {
  /** `http://127.0.0.1:port`, or `https://localhost:port`. */
  readonly url: string;
  /** Every request as its bytes came in. */
  readonly requests: readonly string[];
  /** Connections so far. */
  readonly connections: () => number;
  readonly stop: () => Promise<void>;
};

/** What a raw server does with the socket when one whole request has come in: the n-th on it, from 1. */
export type Behaviour = (socket: Socket, nth: number) => void;

/** A server that speaks only as much HTTP as the test defines. */
export async function startWire(
  behave: Behaviour,
  options: { readonly tls?: boolean | KeyPair } = {},
): Promise<WireServer> {
  const requests: string[] = [];
  const sockets = new Set<Socket>();
  const serve = (socket: Socket): void => {
    sockets.add(socket);
    socket.on('error', () => {});
    let nth = 0;
    let text = '';
    socket.on('data', (chunk) => {
      text += chunk.toString('latin1');
      const length = Number(/content-length: (\d+)/.exec(text)?.[1] ?? 0);
      if (!text.includes('\r\n\r\n') || text.length < text.indexOf('\r\n\r\n') + 4 + length) return;
      requests.push(text);
      text = '';
      nth += 1;
      behave(socket, nth);
    });
  };
  const pair = options.tls === true ? valid : options.tls;
  const server: Server = pair ? createTlsServer(pair, serve) : createServer(serve);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const port = portOf(server.address());
  return {
    url: pair ? `https://localhost:${port}` : `http://127.0.0.1:${port}`,
    requests,
    connections: () => sockets.size,
    stop: async () => {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

function portOf(address: AddressInfo | string | null): number {
  if (typeof address === 'object' && address !== null) return address.port;
  throw new Error('the server does not listen on a port');
}

/** A whole reply. */
export function http(body: string | Buffer, headers: Readonly<Record<string, string>> = {}, status = '200 OK'): Buffer {
  const bytes = Buffer.from(body);
  const all = { 'content-length': String(bytes.length), ...headers };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
  return Buffer.concat([Buffer.from(`HTTP/1.1 ${status}\r\n${lines.join('')}\r\n`), bytes]);
}
