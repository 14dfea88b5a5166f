import { createServer } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { createForwarder, send } from '../../emulator/aws/forward.ts';
import { listen, unlisten } from '../../emulator/listen.ts';

/** Stands before a service on loopback, and keeps what is sent to it. */
export type Recorder = {
  readonly url: string;
  /** The requests since the last call, but for what each client says of itself. */
  readonly take: () => readonly Readonly<Record<string, unknown>>[];
  readonly stop: () => Promise<void>;
};

export async function startRecorder(to: string): Promise<Recorder> {
  const forwarder = createForwarder();
  let requests: Record<string, unknown>[] = [];
  const server = createServer(async (incoming, response) => {
    const body = await buffer(incoming);
    const { method, url, headers } = incoming;
    const { host, 'content-type': type, 'content-length': length, 'x-amz-target': target } = headers;
    requests.push({
      method,
      url,
      host,
      type,
      length,
      target,
      mode: headers['x-amzn-query-mode'],
      // The order of members says nothing.
      body: JSON.parse(body.toString()),
    });
    send(response, await forwarder.forward({ method: method ?? '', url: url ?? '', headers, body }, to));
  });
  const { port } = await listen(server, 0);
  return {
    url: `http://127.0.0.1:${port}`,
    take: () => {
      const taken = requests;
      requests = [];
      return taken;
    },
    stop: async () => {
      await unlisten(server);
      forwarder.stop();
    },
  };
}
