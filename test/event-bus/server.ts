import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';
import { setTimeout as wait } from 'node:timers/promises';
import { RequestLog } from '../exchange/request-log.ts';
import { type BusEvent, busBytes, bytesOfRequest, isRecord, parse, readEntry, refusal } from './entries.ts';

/** What can go wrong with one request. */
export type BusFault =
  /** Nothing: for scripts in which only a later request is to suffer. */
  | { readonly kind: 'pass' }
  /** The connection is reset: nobody is there. */
  | { readonly kind: 'down' }
  | { readonly kind: 'hang' }
  | { readonly kind: 'delay'; readonly ms: number; readonly next?: BusFault }
  /** The entries at these places of the request are refused, the others taken. */
  | { readonly kind: 'refuse'; readonly entries: readonly number[]; readonly code?: string }
  /** The whole request is: ThrottlingException, 400. */
  | { readonly kind: 'throttled' }
  | { readonly kind: 'denied' }
  /** InternalException, 500; the entries are taken all the same when `taken`. */
  | { readonly kind: 'internal'; readonly taken?: boolean }
  /** An answer that is not the service's: a proxy's page, an empty body. */
  | { readonly kind: 'status'; readonly status: number; readonly body?: string };

export type BusRequest = { readonly headers: IncomingHttpHeaders; readonly body: string; readonly at: number };

export type EventBusOptions = {
  /** Free by default. */
  readonly port?: number;
  /** Names of the buses that there are. Default: any. */
  readonly buses?: readonly string[];
  readonly now?: () => number;
  /** Hears of each event as it is taken. */
  readonly onEvent?: (event: BusEvent) => void;
};

export type EventBus = {
  readonly url: string;
  /** All that was taken, in order. */
  readonly events: readonly BusEvent[];
  readonly requests: readonly BusRequest[];
  /** Faults, one per request, in order. */
  fail(...faults: BusFault[]): void;
  /** A fault for every request that finds none of its own, until `recover`. */
  failAlways(fault: BusFault): void;
  recover(): void;
  /** Resolves when so many requests have come in, counted from the start. */
  received(requests: number): Promise<void>;
  stop(): Promise<void>;
};

/** EventBridge's PutEvents in AWS JSON 1.1 on loopback, for the real SDK. Signatures are taken and not looked at. */
export async function startEventBus(options: EventBusOptions = {}): Promise<EventBus> {
  const { port = 0, buses, now = Date.now, onEvent = () => undefined } = options;
  const events: BusEvent[] = [];
  const requests = new RequestLog<BusRequest>();
  const stopped = new AbortController();
  let faults: readonly BusFault[] = [];
  let standing: BusFault = { kind: 'pass' };

  async function handle(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await text(incoming);
    requests.add({ headers: incoming.headers, body, at: now() });
    const [fault = standing, ...rest] = faults;
    faults = rest;
    if (incoming.headers['x-amz-target'] !== 'AWSEvents.PutEvents')
      return complain(response, 400, 'UnknownOperationException', 'Only PutEvents is spoken here.');
    await suffer(fault, response, body);
  }

  async function suffer(fault: BusFault, response: ServerResponse, body: string): Promise<void> {
    switch (fault.kind) {
      case 'pass':
        return put(response, body);
      case 'down':
        response.socket?.resetAndDestroy();
        return;
      case 'hang':
        return;
      case 'delay':
        await wait(fault.ms, undefined, { signal: stopped.signal });
        return suffer(fault.next ?? { kind: 'pass' }, response, body);
      case 'refuse':
        return put(response, body, fault.entries, fault.code);
      case 'throttled':
        return complain(response, 400, 'ThrottlingException', 'Rate exceeded');
      case 'denied':
        return complain(response, 400, 'AccessDeniedException', 'User is not authorized to perform: events:PutEvents');
      case 'internal':
        if (fault.taken) take(entriesOf(body) ?? []);
        return complain(response, 500, 'InternalException', 'This exception occurs due to unexpected causes.');
      case 'status':
        response.writeHead(fault.status, { 'content-type': 'text/html' });
        response.end(fault.body ?? '');
        return;
    }
  }

  function put(response: ServerResponse, body: string, refused: readonly number[] = [], code = 'InternalFailure') {
    const entries = entriesOf(body);
    if (entries === undefined) return complain(response, 400, 'SerializationException', '');
    if (entries.length < 1 || entries.length > 10)
      return complain(response, 400, 'ValidationException', 'Member must have length between 1 and 10');
    if (bytesOfRequest(entries) > busBytes)
      return complain(
        response,
        400,
        'ValidationException',
        'Total size of the entries in the request is over the limit.',
      );
    const results = take(entries, refused, code);
    const FailedEntryCount = results.filter((result) => 'ErrorCode' in result).length;
    send(response, 200, { FailedEntryCount, Entries: results });
  }

  function take(entries: readonly unknown[], refused: readonly number[] = [], code = '') {
    return entries.map((entry, index) => {
      if (refused.includes(index)) return refusal(code, 'The bus for testers was told to refuse this entry.');
      const event = readEntry(entry, randomUUID(), now());
      if ('ErrorCode' in event) return event;
      if (buses !== undefined && !buses.includes(event.bus))
        return refusal('ResourceNotFoundException', 'No such bus.');
      events.push(event);
      onEvent(event);
      return { EventId: event.id };
    });
  }

  const server = createServer((incoming, response) => {
    handle(incoming, response).catch((thrown: unknown) => {
      if (response.destroyed || stopped.signal.aborted) return;
      complain(response, 500, 'InternalException', `The event bus for testers failed: ${String(thrown)}`);
    });
  });
  // Longer than any test, so that no idle connection closes under a request.
  server.keepAliveTimeout = 15 * 60_000;
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const listeningOn = typeof address === 'object' && address !== null ? address.port : port;

  return {
    url: `http://127.0.0.1:${listeningOn}`,
    events,
    requests: requests.all,
    fail(...more) {
      faults = [...faults, ...more];
    },
    failAlways(fault) {
      standing = fault;
    },
    recover() {
      faults = [];
      standing = { kind: 'pass' };
    },
    received: (count) => requests.received(count),
    async stop() {
      if (stopped.signal.aborted) return;
      stopped.abort();
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

function entriesOf(body: string): readonly unknown[] | undefined {
  const input = parse(body);
  const entries = isRecord(input) ? input['Entries'] : undefined;
  return Array.isArray(entries) ? entries : undefined;
}

function complain(response: ServerResponse, status: number, type: string, message: string): void {
  send(response, status, { __type: type, message });
}

function send(response: ServerResponse, status: number, body: Readonly<Record<string, unknown>>): void {
  const bytes = Buffer.from(JSON.stringify(body));
  response.writeHead(status, {
    'content-type': 'application/x-amz-json-1.1',
    'content-length': String(bytes.length),
    'x-amzn-requestid': randomUUID(),
  });
  response.end(bytes);
}
