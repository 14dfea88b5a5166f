import { randomUUID } from 'node:crypto';
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';
import { setTimeout as wait } from 'node:timers/promises';
import { listen, unlisten } from '../../listen.ts';
import { RequestLog } from '../../request-log.ts';
import { type Input, isRecord, type Output, parse, ServiceException } from './protocol.ts';

/** What can go wrong with one request to any of AWS's services */
export type AwsFault =
  /** No fault: for scripts in which only a later request is to fail. */
  | { readonly kind: 'pass' }
  /** The connection is reset: nobody is there. */
  | { readonly kind: 'down' }
  | { readonly kind: 'hang' }
  | { readonly kind: 'delay'; readonly ms: number; readonly next?: AwsFault }
  /** The response waits until the test releases it. */
  | { readonly kind: 'hold'; readonly until: Promise<unknown>; readonly next?: AwsFault }
  | ({ readonly kind: 'refuse' } & RefusedEntries)
  /** ThrottlingException, 400. */
  | { readonly kind: 'throttled' }
  | { readonly kind: 'denied' }
  /** The service's own failure, 500; the operation still takes effect when `taken`. */
  | { readonly kind: 'internal'; readonly taken?: boolean }
  /** Any exception, by its `__type`. */
  | { readonly kind: 'exception'; readonly type: string; readonly message: string; readonly status?: number }
  /** A response that is not the service's: a proxy's page, an empty body. */
  | { readonly kind: 'status'; readonly status: number; readonly body?: string };

/** Of a request that carries a batch, the entries at these places are refused and the others taken. */
export type RefusedEntries = { readonly entries: readonly number[]; readonly code?: string };

type AwsRequest = {
  readonly operation: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  readonly at: number;
};

/** One of AWS's services, as far as it is spoken here. */
type AwsService = {
  /** Before the dot of `x-amz-target`. */
  readonly target: string;
  /** Before the colon of an action that is allowed or denied. */
  readonly actionPrefix: string;
  /** `__type` of its own failures. */
  readonly internalError: string;
  /** The member of an error that holds its sentence. */
  readonly messageMember: 'message' | 'Message';
  /** Handles an operation, or throws a `ServiceException`. */
  readonly operate: (operation: string, input: Input, refused?: RefusedEntries) => Output;
};

export type AwsServer = {
  readonly url: string;
  /** Faults, one per request, in order. */
  fail(...faults: AwsFault[]): void;
  /** A fault for every request that has no fault of its own, until `recover`. */
  failAlways(fault: AwsFault): void;
  recover(): void;
  readonly requests: readonly AwsRequest[];
  count(operation: string): number;
  /** Resolves when this many requests have come in, counted from the start. */
  received(requests: number): Promise<void>;
  stop(): Promise<void>;
};

export type AwsServerOptions = {
  /** Free by default. */
  readonly port?: number;
  readonly now?: () => number;
};

/** Speaks AWS JSON for a service on loopback, for the real SDK. Signatures are taken and not looked at. */
export async function startAwsServer(
  service: AwsService,
  { port = 0, now = Date.now }: AwsServerOptions = {},
): Promise<AwsServer> {
  const requests = new RequestLog<AwsRequest>(({ operation }) => operation);
  const stopped = new AbortController();
  let faults: readonly AwsFault[] = [];
  let standing: AwsFault = { kind: 'pass' };

  async function handle(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const { headers, method } = incoming;
    const body = await text(incoming);
    const [target, operation = ''] = String(headers['x-amz-target']).split('.');
    requests.add({ operation, headers, body, at: now() });
    const [fault = standing, ...rest] = faults;
    faults = rest;
    const genuine = (refused?: RefusedEntries): Output => {
      if (method !== 'POST' || target !== service.target || operation === '')
        throw new ServiceException('UnknownOperationException', '');
      const input = parse(body);
      if (!isRecord(input)) throw new ServiceException('SerializationException', '');
      return service.operate(operation, input, refused);
    };
    await suffer(fault, { service, operation, response, genuine, signal: stopped.signal });
  }

  const server = createServer((incoming, response) => {
    handle(incoming, response).catch((thrown: unknown) => {
      if (response.destroyed || stopped.signal.aborted) return;
      const { type, message, status } =
        thrown instanceof ServiceException
          ? thrown
          : new ServiceException(service.internalError, `The service for testers failed: ${String(thrown)}`, 500);
      send(response, status, { __type: type, [service.messageMember]: message });
    });
  });
  // Longer than any test, so that no idle connection closes under a request.
  server.keepAliveTimeout = 15 * 60_000;
  const { port: listeningOn } = await listen(server, port);

  return {
    url: `http://127.0.0.1:${listeningOn}`,
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
    requests: requests.all,
    count: (operation) => requests.count(operation),
    received: (count) => requests.received(count),
    async stop() {
      if (stopped.signal.aborted) return;
      stopped.abort();
      await unlisten(server);
    },
  };
}

type Received = {
  readonly service: AwsService;
  readonly operation: string;
  readonly response: ServerResponse;
  /** What the service itself makes of the request. */
  readonly genuine: (refused?: RefusedEntries) => Output;
  /** Aborted when the server stops. */
  readonly signal: AbortSignal;
};

/** Responds to one request as its fault has it. */
async function suffer(fault: AwsFault, received: Received): Promise<void> {
  const { service, operation, response, genuine, signal } = received;
  switch (fault.kind) {
    case 'pass':
      return send(response, 200, genuine());
    case 'refuse':
      return send(response, 200, genuine(fault));
    case 'down':
      response.socket?.resetAndDestroy();
      return;
    case 'hang':
      return;
    case 'delay':
      await wait(fault.ms, undefined, { signal });
      return suffer(fault.next ?? { kind: 'pass' }, received);
    case 'hold':
      await fault.until;
      return suffer(fault.next ?? { kind: 'pass' }, received);
    case 'throttled':
      throw new ServiceException('ThrottlingException', 'Rate exceeded');
    case 'denied': {
      const action = `${service.actionPrefix}:${operation}`;
      const message = `User is not authorized to perform: ${action} because no identity-based policy allows the action`;
      throw new ServiceException('AccessDeniedException', message);
    }
    case 'internal':
      if (fault.taken) genuine();
      throw new ServiceException(service.internalError, 'An error occurred on the server side.', 500);
    case 'exception':
      throw new ServiceException(fault.type, fault.message, fault.status);
    case 'status':
      response.writeHead(fault.status, { 'content-type': 'text/html' });
      response.end(fault.body ?? '');
      return;
  }
}

function send(response: ServerResponse, status: number, body: Output): void {
  const bytes = Buffer.from(JSON.stringify(body));
  response.writeHead(status, {
    'content-type': 'application/x-amz-json-1.1',
    'content-length': String(bytes.length),
    'x-amzn-requestid': randomUUID(),
  });
  response.end(bytes);
}
