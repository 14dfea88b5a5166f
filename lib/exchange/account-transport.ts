import type { Clock } from '../clock.ts';
import type { Transport } from './transport.ts';

/** As many requests as one account keeps under way. */
const maxRequests = 8;

/**
 * A transport as one account uses it: so many requests at once, so that an account whose replies do not come leaves
 * connections to others. Its other requests wait, until their deadline at the longest.
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
