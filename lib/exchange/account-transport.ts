import type { Clock } from '../clock.ts';
import { type HttpReply, type HttpRequest, maxSockets, type Transport } from './transport.ts';

/** How many requests one account may have under way. */
const maxRequests = 8;

/**
 * The transports of this many accounts, which share the connections: each account always has one to itself, and takes
 * more from the rest. So however many accounts do not get replies, the others go on. Further requests wait, at most until
 * their deadlines.
 */
export function createAccountTransports(transport: Transport, clock: Clock, accounts: number): () => Transport {
  // One account can use its maximum in any case. A process sweeps 25 at once at most, and those fit.
  let spare = Math.max(maxSockets - accounts, maxRequests - 1);
  const waiting = new Set<() => void>();
  return () => {
    let underWay = 0;
    const mayBegin = () => underWay === 0 || (underWay < maxRequests && spare > 0);
    const begin = (request: HttpRequest): Promise<HttpReply> => {
      if (underWay++ > 0) spare--;
      return transport(request).finally(() => {
        if (--underWay > 0) spare++;
        for (const retry of waiting) retry();
      });
    };
    return async (request) => {
      if (mayBegin()) return begin(request);
      return new Promise((resolve) => {
        const end = () => {
          if (waiting.delete(retry)) resolve(begin(request));
        };
        const retry = () => {
          if (mayBegin()) end();
        };
        waiting.add(retry);
        // The transport sends nothing after the deadline: it throws.
        void clock.sleep(request.deadline - clock.now()).then(end);
      });
    };
  };
}
