import { Failure } from '../../lib/errors.ts';
import type { Transport } from '../../lib/exchange/transport.ts';
import type { Outcome, SimulatedExchange } from './exchange.ts';
import type { Process } from './process.ts';
import type { Random } from './random.ts';

/** A connection does not outlive a pause like this, milliseconds. */
const longFreezeMs = 30_000;

/** The port for bytes as one process sees it: replies take their time, and come late, or not at all. */
export function createTransport(deps: {
  readonly process: Process;
  readonly exchange: SimulatedExchange;
  readonly random: Random;
}): Transport {
  const { process, exchange, random } = deps;

  return async (post) => {
    const left = Math.floor(post.deadline - process.clock.now());
    if (left <= 0) throw timeout();
    const thereMs = random.whole(5, 40);
    const slowly = random.chance(0.01) ? random.whole(500, 12_000) : 0;
    const travelMs = random.whole(5, 80) + slowly;
    const inTime = thereMs + travelMs < left;
    const acquireTimeout = Math.max(0, left - thereMs);
    const backMs = (outcome: Outcome | undefined) =>
      outcome?.kind === 'silence' || !inTime ? acquireTimeout : travelMs;

    const sentAt = process.clock.now();
    const outcome = await process.request(thereMs, () => exchange.serve(post), backMs);
    const thawed = process.clock.now() - sentAt - left > longFreezeMs;
    if (thawed && random.chance(0.5)) throw new Failure('connection_lost', 'The connection did not live so long.');
    if (outcome.kind === 'failure') throw outcome.failure;
    if (outcome.kind === 'silence' || !inTime) throw timeout();
    const { reply } = outcome;
    return post.stream === undefined ? reply : { ...reply, body: post.stream.take(reply.body) };
  };
}

function timeout(): Failure {
  return new Failure('timeout', 'exchange.test did not respond in time.');
}
