import { createServer } from 'node:http';
import { listen } from '../../emulator/listen.ts';

/** A server that responds to every request with the same page. */
export async function startPage(status: number, type: string, body: string) {
  const server = createServer((_, response) => response.writeHead(status, { 'content-type': type }).end(body));
  const { port } = await listen(server, 0);
  return {
    url: `http://127.0.0.1:${port}`,
    stop: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
