import { isUtf8 } from 'node:buffer';
import { Failure } from '../../lib/errors.ts';
import { dialects } from '../../lib/exchange/dialects/index.ts';
import type { HttpReply, HttpRequest } from '../../lib/exchange/transport.ts';
import { type Key, KeyRing } from '../emulator/exchange/auth.ts';
import type { Delivery } from '../emulator/exchange/delivery.ts';
import { type Fault, plan } from '../emulator/exchange/faults.ts';
import { RateLimiter } from '../emulator/exchange/rate-limiter.ts';
import type { RecordedRequest } from '../emulator/exchange/requests.ts';
import { Service } from '../emulator/exchange/service.ts';
import { type Dialect, writeReply } from '../emulator/exchange/wire.ts';
import { type FaultSchedule, faultCases, listFaults, type OutageKind } from './fault-schedule.ts';
import type { Market } from './market.ts';
import type { Random } from './random.ts';
import type { Scheduler } from './scheduler.ts';

/** The outcome of a request: a reply, nothing at all for ever, or a failure on the way. */
export type Outcome =
  | { readonly kind: 'reply'; readonly reply: HttpReply; readonly orderId: string | undefined }
  | { readonly kind: 'silence' }
  | { readonly kind: 'failure'; readonly failure: Failure };

export type SimulatedExchange = {
  readonly url: string;
  readonly keyRing: KeyRing;
  /** When requests came in. */
  readonly calls: readonly number[];
  /** Serves a request that has just come in. */
  readonly serve: (request: HttpRequest) => Promise<Outcome>;
};

type ExchangeDeps = {
  readonly dialect: Dialect;
  readonly market: Market;
  readonly key: Key;
  readonly limit: { readonly perSecond: number; readonly burst: number };
  readonly faultSchedule: FaultSchedule;
  readonly scheduler: Scheduler;
  readonly random: Random;
  /** How often a single reply goes wrong on a fair day. */
  readonly faultRate: number;
};

/** A node of the exchange may be behind by up to this after a cancel, milliseconds. */
const staleMs = 5_000;
/** A new order may be unknown to a node for up to this. */
const newbornMs = 2_000;

/** The test exchange without sockets: its service and faults, under the simulation's fault schedule. */
export function createSimulatedExchange(deps: ExchangeDeps): SimulatedExchange {
  const { dialect, market, key, limit, faultSchedule, scheduler, random, faultRate } = deps;
  const { now } = scheduler;
  const tokenLifeSeconds = dialect === 'orangex' ? 43_199 : 900;
  const keyRing = new KeyRing({ dialect, keys: [key], now, tokenLifeSeconds });
  const basePath = dialect === 'orangex' ? '/api/v1' : '/api/v2';
  const rateLimiter = new RateLimiter(limit, now);
  // Histories show an order a while after its end, and OrangeX's hold open orders, too.
  const history = { indexingMs: 20_000, archivingMs: 120_000, withOpen: true };
  const service = new Service({ dialect, basePath, now, keyRing, book: market.book, rateLimiter, history });
  const calls: number[] = [];
  const triggers = random.fork('triggers');
  // Without faults they stand still: each move is a state, and would be most of what is written.
  const trigger = () => (faultRate > 0 ? triggers.whole(20_000, 30_000) : 0);
  const never = new AbortController().signal;

  const serve: SimulatedExchange['serve'] = async ({ url, headers, body }) => {
    const outage = faultSchedule.at(now());
    if (outage === 'refused' || outage === 'dns') return { kind: 'failure', failure: unreachable(outage) };
    calls.push(now());
    const { pathname } = new URL(url);
    const reading = service.read('POST', pathname, body);
    const { call, orderId } = reading;
    const request: RecordedRequest = {
      method: 'POST',
      path: pathname,
      headers: { ...headers },
      body,
      at: now(),
      connection: 0,
      call,
      orderId,
    };
    const { genuine } = service.handle(request, reading);
    const moved = genuine.reply.result?.replace('"rpl":"0"', () => `"rpl":"${random.whole(-9, 9)}.5"`);
    const isOpen = call === 'open_orders' || market.isLive(orderId ?? '');
    const result = isOpen ? moved?.replaceAll('"trigger_price":"0"', () => `"trigger_price":"${trigger()}"`) : moved;
    const reply = { ...genuine.reply, result };
    const fault = faultOf(outage) ?? (call === 'open_orders' ? listFault() : staleness(orderId)) ?? faultCase();
    if (fault === undefined) {
      return { kind: 'reply', reply: { status: reply.httpStatus, body: writeReply(dialect, reply) }, orderId };
    }
    const delivery = await plan(fault, { ...genuine, reply }, never);
    return outcomeOf(delivery, orderId);
  };

  function faultOf(outage: OutageKind | undefined): Fault | undefined {
    switch (outage) {
      case 'silent':
        return { kind: 'hang' };
      case 'html':
        return { kind: 'html', status: random.pick([200, 502, 503]) };
      case 'maintenance':
        return { kind: 'error', code: 11051 };
      case 'settlement':
        return { kind: 'error', code: 10041 };
      case 'storm':
        return { kind: 'throttle', wait: random.chance(0.3) ? random.whole(5, 60) : random.whole(1, 5) };
      default:
        return undefined;
    }
  }

  /** The response of a node that has not yet received the latest change. */
  function staleness(orderId: string | undefined): Fault | undefined {
    const states = market.truths.get(orderId ?? '')?.states ?? [];
    const [first] = states;
    const latest = states.at(-1);
    if (first === undefined || latest === undefined) return undefined;
    if (now() - first.at < newbornMs && random.chance(0.2)) {
      return random.chance(0.5) ? { kind: 'neither' } : { kind: 'error', code: 10004 };
    }
    return now() - latest.at < staleMs && random.chance(0.4) ? { kind: 'stale' } : undefined;
  }

  /** A list that is late, as by a node that has not received the latest changes, or wrong. */
  function listFault(): Fault | undefined {
    if (faultRate > 0 && random.chance(0.15))
      return { kind: 'lag', ms: random.whole(100, dialects[dialect].lists.lagMs) };
    return random.chance(faultRate * 2) ? random.pick(listFaults) : undefined;
  }

  function faultCase(): Fault | undefined {
    return random.chance(faultRate) ? random.pick(faultCases) : undefined;
  }

  return { url: `https://exchange.test${basePath}`, keyRing, calls, serve };
}

function unreachable(outage: 'refused' | 'dns'): Failure {
  const why = outage === 'dns' ? 'EAI_AGAIN' : 'ECONNREFUSED';
  return new Failure('unreachable', `exchange.test cannot be reached (${why}).`);
}

/** What the port for bytes makes of what happens on the socket, in the words of its contract. */
function outcomeOf(delivery: Delivery, orderId: string | undefined): Outcome {
  const unusable = (why: string): Outcome => ({ kind: 'failure', failure: new Failure('invalid_response', why) });
  switch (delivery.kind) {
    case 'hang':
    case 'drip':
      return { kind: 'silence' };
    case 'drop': {
      const code = delivery.reset ? 'connection_lost' : 'unreachable';
      return { kind: 'failure', failure: new Failure(code, 'exchange.test closed the connection.') };
    }
    case 'cut': {
      if (delivery.framing === 'short')
        return unusable('exchange.test closed the connection in the middle of its response.');
      const body = delivery.reply.body.subarray(0, delivery.at).toString('utf8');
      return { kind: 'reply', reply: { status: delivery.reply.status, body }, orderId };
    }
    case 'surplus':
      return outcomeOf({ kind: 'reply', reply: delivery.surplus }, orderId);
    case 'reply': {
      const { status, headers, body } = delivery.reply;
      if (status >= 300 && status < 400) return unusable('exchange.test returned a redirect.');
      if (headers['content-encoding'] !== undefined)
        return unusable('exchange.test used a content encoding that was not requested.');
      if (!isUtf8(body)) return unusable('exchange.test sent text that is not UTF-8.');
      const retryAfter = headers['retry-after'];
      const wait = retryAfter === undefined ? {} : { retryAfterMs: Number(retryAfter) * 1000 };
      return { kind: 'reply', reply: { status, body: body.toString('utf8'), ...wait }, orderId };
    }
  }
}
