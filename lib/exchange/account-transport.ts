import type { Clock } from '../clock.ts';
import type { Transport } from './transport.ts';

/** How many requests one account may have under way. */
const maxRequests = 8;

/**
 * One account's transport: at most this many requests at once, so that an account whose replies do not come leaves
 * connections to the others. Further requests wait, at most until their deadlines.
 */
export function createAccountTransport(transport: Transport, clock: Clock): Transport {
  const underWay = new Set<Promise<void>>();
  return async (request) => {
    while (underWay.size >= maxRequests && clock.now() < request.deadline) {
      await Promise.race([...underWay, clock.sleep(request.deadline - clock.now())]);
    }
    const reply = transport(request);
    const remove = (): void => void underWay.delete(over);
    const over = reply.then(remove, remove);
    underWay.add(over);
    return reply;
  };
}
