import { expect, test } from 'vitest';
import { systemClock } from '../../../lib/clock.ts';
import { createAccountTransports } from '../../../lib/exchange/account-transport.ts';
import type { Transport } from '../../../lib/exchange/transport.ts';
import { failureOf } from '../thrown.ts';
import { post, startTransport, wire } from './start-transport.ts';
import { http } from './wire-server.ts';

const patiently = { timeout: 10_000 };

/** An exchange that replies at once, except to some accounts: their replies come when the test says so. */
async function startAccounts(accounts: number) {
  const held: (() => void)[] = [];
  const server = await wire((socket) => {
    const reply = () => void socket.write(http('{}'));
    if (server.requests.at(-1)?.includes('/silent/')) held.push(reply);
    else reply();
  });
  const createTransport = createAccountTransports(startTransport(), systemClock, accounts);
  /** Requests of a new account, several at once. */
  const createAccount = (path: string) => {
    const transport: Transport = createTransport();
    const send = (timeoutMs?: number) => transport({ ...post(server.url, timeoutMs), url: `${server.url}${path}` });
    return { send, sendMany: (count: number) => Array.from({ length: count }, () => send()) };
  };
  /** One reply comes. */
  const release = async () => {
    await expect.poll(() => held.length, patiently).toBeGreaterThan(0);
    held.shift()?.();
  };
  return { server, held, release, silent: () => createAccount('/silent/'), other: createAccount('/') };
}

test('hanging requests of one account take no connection from another account', async () => {
  const { server, held, release, silent, other } = await startAccounts(2);
  const hanging = silent().sendMany(40);
  await expect.poll(() => held.length, patiently).toBe(8);
  expect(await other.send()).toMatchObject({ status: 200 });
  for (const _ of hanging) await release();
  expect(await Promise.all(hanging)).toHaveLength(40);
  expect(server.connections()).toBeLessThanOrEqual(9);
});

test.each([
  [5, 4, 31],
  [25, 24, 31],
])(
  'with %i accounts of which %i hang, the last one is served at once, over one connection of 32',
  async (accounts, hang, connections) => {
    const { server, held, release, silent, other } = await startAccounts(accounts);
    const hanging = Array.from({ length: hang }, silent).flatMap(({ sendMany }) => sendMany(10));
    await expect.poll(() => held.length, patiently).toBe(connections);
    expect(await Promise.all(other.sendMany(20))).toHaveLength(20);
    expect(server.connections()).toBe(connections + 1);
    for (const _ of hanging) await release();
    expect(await Promise.all(hanging)).toHaveLength(hang * 10);
  },
);

test('an account among many that do nothing uses eight connections', async () => {
  const { held, release, silent } = await startAccounts(100);
  const hanging = silent().sendMany(9);
  await expect.poll(() => held.length, patiently).toBe(8);
  for (const _ of hanging) await release();
  expect(await Promise.all(hanging)).toHaveLength(9);
});

test('a request that waits for a connection is sent when a reply comes, or times out by its own deadline', async () => {
  const { server, held, release, silent } = await startAccounts(2);
  const { send, sendMany } = silent();
  const hanging = sendMany(8);
  await expect.poll(() => held.length, patiently).toBe(8);
  expect((await failureOf(send(50))).code).toBe('timeout');
  expect(server.requests).toHaveLength(8);
  const waiting = send();
  await release();
  await expect.poll(() => server.requests.length, patiently).toBe(9);
  for (const _ of hanging) await release();
  expect(await waiting).toMatchObject({ status: 200 });
  await Promise.all(hanging);
});
