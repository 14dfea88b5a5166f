import { getEventListeners } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { GetItemCommand } from '@aws-sdk/client-dynamodb';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createDynamoClient } from '../../../lib/aws/clients.ts';
import { listen } from '../../emulator/listen.ts';

const found = '{"Item":{"n":{"N":"0.10"}}}';
const whole = `HTTP/1.1 200 OK\r\ncontent-length: ${found.length}\r\n\r\n${found}`;
const command = new GetItemCommand({ TableName: 'snapshots', Key: { pk: { S: '1' } } });

/** Responds to each request in turn; the last response holds for all that follow. */
let replies: ((socket: Socket) => void)[];
let server: Server;
let sockets: Socket[];
let requests: number;
let client: ReturnType<typeof createDynamoClient>;

beforeEach(async () => {
  requests = 0;
  sockets = [];
  server = createServer((socket) => {
    sockets.push(socket);
    socket.on('error', () => {});
    socket.on('data', () => {
      requests++;
      const [respond] = replies;
      if (replies.length > 1) replies.shift();
      respond?.(socket);
    });
  });
  const { port } = await listen(server, 0);
  client = createDynamoClient({
    AWS_REGION: 'eu-central-1',
    AWS_ACCESS_KEY_ID: 'AKIDEXAMPLE',
    AWS_SECRET_ACCESS_KEY: 'example',
    AWS_ENDPOINT_URL_DYNAMODB: `http://127.0.0.1:${port}`,
  });
});
afterEach(() => {
  client.destroy();
  for (const socket of sockets) socket.destroy();
  server.close();
});

/** All connections are. */
const closed = () =>
  Promise.all(sockets.map((socket) => socket.destroyed || new Promise((resolve) => socket.once('close', resolve))));

const ok = (socket: Socket) => socket.write(whole);
const reset = (socket: Socket) => socket.resetAndDestroy();
const close = (socket: Socket) => socket.end();
const half = (socket: Socket) => socket.write(whole.slice(0, -5));
const cut = (socket: Socket) => socket.end(whole.slice(0, -5));
const silent = () => {};
const pieces = (socket: Socket) => {
  socket.write(whole.slice(0, -9), () => setImmediate(() => socket.write(whole.slice(-9))));
};

describe('retries', () => {
  it.each([
    ['reset', reset],
    ['closed without a response', close],
    ['closed in the middle of a response', cut],
  ])('a request to AWS is retried when its connection is %s', async (_, fault) => {
    replies = [fault, fault, ok];
    expect(await client.send(command)).toMatchObject({ Item: { n: { N: '0.10' } }, $metadata: { attempts: 3 } });
    replies = [fault];
    await expect(client.send(command)).rejects.toMatchObject({ code: 'ECONNRESET', $metadata: { attempts: 3 } });
    expect(requests).toBe(6);
  });

  it('a request to AWS is retried when its connection is dead, on a new connection at once, even if several idle connections are dead', async () => {
    replies = [() => requests === 8 && sockets.forEach(ok)];
    await Promise.all(Array.from({ length: 8 }, () => client.send(command)));
    const dead = new Set(sockets);
    replies = [(socket) => (dead.has(socket) ? reset(socket) : ok(socket))];
    expect(await client.send(command)).toMatchObject({ $metadata: { attempts: 2 } });
  });
});

it('a response from AWS is read whole, in however many pieces it comes, over one connection', async () => {
  replies = [pieces];
  for (let i = 0; i < 3; i++) expect((await client.send(command)).Item).toEqual({ n: { N: '0.10' } });
  expect(sockets).toHaveLength(1);
});

it.each([
  ['no response', silent],
  ['a response that does not end', half],
])('%s from AWS is a timeout, and the connection is closed', async (_, fault) => {
  replies = [fault];
  const request = client.send(command, { requestTimeout: 50 });
  await expect(request).rejects.toMatchObject({ name: 'TimeoutError', $metadata: { attempts: 3 } });
  await closed();
});

it('an aborted request to AWS ends at once, and is not sent again, if it is aborted before it is sent', async () => {
  replies = [ok];
  await expect(client.send(command, { abortSignal: AbortSignal.abort() })).rejects.toMatchObject({
    name: 'AbortError',
  });
  expect(requests).toBe(0);
});

it.each([
  ['while it waits', silent],
  ['in the middle of a response', half],
])('an aborted request to AWS ends at once, and is not sent again, if it is aborted %s', async (_, fault) => {
  const controller = new AbortController();
  replies = [
    (socket) => {
      fault(socket);
      setImmediate(() => controller.abort());
    },
  ];
  const request = client.send(command, { abortSignal: controller.signal });
  await expect(request).rejects.toMatchObject({ name: 'AbortError' });
  expect(requests).toBe(1);
  await closed();
});

it('a request to AWS that is not aborted leaves no listener on its signal', async () => {
  replies = [ok];
  const { signal } = new AbortController();
  await client.send(command, { abortSignal: signal });
  await new Promise(setImmediate);
  expect(getEventListeners(signal, 'abort')).toEqual([]);
});
