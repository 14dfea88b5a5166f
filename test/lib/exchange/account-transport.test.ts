import { expect, test } from 'vitest';
import { systemClock } from '../../../lib/clock.ts';
import { createAccountTransport } from '../../../lib/exchange/account-transport.ts';
import { failureOf } from '../thrown.ts';
import { post, startTransport, wire } from './start-transport.ts';
import { http } from './wire-server.ts';

const patiently = { timeout: 10_000 };

/** An exchange that replies at once, except for one account: its replies come when the test says so. */
async function startTwoAccounts() {
  const held: (() => void)[] = [];
  const server = await wire((socket) => {
    const reply = () => void socket.write(http('{}'));
    if (server.requests.at(-1)?.includes('/silent/')) held.push(reply);
    else reply();
  });
  const transport = startTransport();
  const [silent, other] = [1, 2].map(() => createAccountTransport(transport, systemClock));
  if (silent === undefined || other === undefined) throw new Error('there are two');
  const ofSilent = (timeoutMs?: number) => silent({ ...post(server.url, timeoutMs), url: `${server.url}/silent/` });
  /** One reply comes. */
  const release = async () => {
    await expect.poll(() => held.length, patiently).toBeGreaterThan(0);
    held.shift()?.();
  };
  return { server, held, release, ofSilent, ofOther: () => other(post(server.url)) };
}

test('hanging requests of one account take no connection from another account', async () => {
  const { server, held, release, ofSilent, ofOther } = await startTwoAccounts();
  const hanging = Array.from({ length: 40 }, () => ofSilent());
  await expect.poll(() => held.length, patiently).toBe(8);
  expect(await ofOther()).toMatchObject({ status: 200 });
  for (const _ of hanging) await release();
  expect(await Promise.all(hanging)).toHaveLength(40);
  expect(server.connections()).toBeLessThanOrEqual(9);
});

test('a request that waits for a connection is sent when a reply comes, or times out by its own deadline', async () => {
  const { server, held, release, ofSilent } = await startTwoAccounts();
  const hanging = Array.from({ length: 8 }, () => ofSilent());
  await expect.poll(() => held.length, patiently).toBe(8);
  expect((await failureOf(ofSilent(50))).code).toBe('timeout');
  expect(server.requests).toHaveLength(8);
  const waiting = ofSilent();
  await release();
  await expect.poll(() => server.requests.length, patiently).toBe(9);
  for (const _ of hanging) await release();
  expect(await waiting).toMatchObject({ status: 200 });
  await Promise.all(hanging);
});
