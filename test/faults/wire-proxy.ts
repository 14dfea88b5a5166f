import type { Socket } from 'node:net';
import type { KeyPair } from '../lib/exchange/certificate.ts';
import { http, startWire } from '../lib/exchange/wire-server.ts';

/** What happens on the socket instead of the exchange's whole reply: `body` is that reply's. */
export type WireFault = (socket: Socket, body: Buffer) => void;

export type WireProxy = {
  /** `http://127.0.0.1:port`, or `https://localhost:port`. */
  readonly url: string;
  /** From now on, each reply is sent this way; absent: as the exchange sent it. */
  readonly play: (fault?: WireFault) => void;
  readonly requests: () => number;
  readonly stop: () => Promise<void>;
};

/** Stands before an exchange, and sends its replies byte by byte as a fault has it. */
export async function startWireProxy(exchangeUrl: string, tls?: KeyPair): Promise<WireProxy> {
  const whole: WireFault = (socket, body) => socket.write(http(body, { 'content-type': 'application/json' }));
  let fault = whole;
  const { origin } = new URL(exchangeUrl);
  const server = await startWire(
    (socket) => {
      const [head = '', body = ''] = (server.requests.at(-1) ?? '').split('\r\n\r\n');
      const [, path = '/'] = /^POST (\S+)/.exec(head) ?? [];
      const [, authorization = ''] = /^authorization: (.*)$/m.exec(head) ?? [];
      fetch(origin + path, { method: 'POST', body, headers: { authorization } })
        .then((response) => response.arrayBuffer())
        .then((bytes) => fault(socket, Buffer.from(bytes)))
        .catch(() => socket.destroy());
    },
    tls === undefined ? {} : { tls },
  );
  return {
    url: server.url,
    play: (next = whole) => {
      fault = next;
    },
    requests: () => server.requests.length,
    stop: server.stop,
  };
}
