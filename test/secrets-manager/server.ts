import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';
import { setTimeout as wait } from 'node:timers/promises';
import { RequestLog } from '../exchange/request-log.ts';
import { operate } from './operations.ts';
import { SecretStore, ServiceException } from './secrets.ts';

/** What can go wrong with one request. */
export type SecretsFault =
  /** Nothing: for scripts in which only a later request is to suffer. */
  | { readonly kind: 'pass' }
  /** The connection is reset: nobody is there. */
  | { readonly kind: 'down' }
  | { readonly kind: 'hang' }
  | { readonly kind: 'delay'; readonly ms: number; readonly next?: SecretsFault }
  /** The answer waits until the test lets it go. */
  | { readonly kind: 'hold'; readonly until: Promise<unknown>; readonly next?: SecretsFault }
  | { readonly kind: 'throttled' }
  | { readonly kind: 'denied' }
  /** InternalServiceError, 500. */
  | { readonly kind: 'internal' }
  /** Any exception, by its `__type`. */
  | { readonly kind: 'exception'; readonly type: string; readonly message: string; readonly status?: number }
  /** An answer that is not the service's: a proxy's page, an empty body. */
  | { readonly kind: 'status'; readonly status: number; readonly body?: string };

export type SecretsRequest = {
  readonly operation: string;
  readonly secretId: string | undefined;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  readonly at: number;
};

export type SecretsManagerOptions = {
  /** Free by default. */
  readonly port?: number;
  readonly region?: string;
  readonly accountId?: string;
  readonly now?: () => number;
};

export type SecretsManager = {
  readonly url: string;
  /** Returns the ARN. Without a value the secret is there but empty. */
  create(name: string, value?: string): string;
  /** A new AWSCURRENT value; returns its version id. */
  put(secretId: string, value: string): string;
  /** Faults, one per request, in order. */
  fail(...faults: SecretsFault[]): void;
  /** A fault for every request that finds none of its own, until `recover`. */
  failAlways(fault: SecretsFault): void;
  recover(): void;
  readonly requests: readonly SecretsRequest[];
  count(operation: string): number;
  /** Resolves when so many requests have come in, counted from the start. */
  received(requests: number): Promise<void>;
  stop(): Promise<void>;
};

const service = 'secretsmanager.';

/** Secrets Manager's AWS JSON 1.1 protocol on loopback, for the real SDK. Signatures are taken and not looked at. */
export async function startSecretsManager(options: SecretsManagerOptions = {}): Promise<SecretsManager> {
  const { port = 0, region = 'eu-central-1', accountId = '123456789012', now = Date.now } = options;
  const store = new SecretStore(region, accountId, now);
  const requests = new RequestLog<SecretsRequest>();
  const stopped = new AbortController();
  let faults: readonly SecretsFault[] = [];
  let standing: SecretsFault = { kind: 'pass' };

  async function handle(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const { headers, method } = incoming;
    const body = await text(incoming);
    const target = headers['x-amz-target'];
    const operation = typeof target === 'string' && target.startsWith(service) ? target.slice(service.length) : '';
    const input = parseInput(body);
    const secretId = input?.['SecretId'] ?? input?.['Name'];
    requests.add({
      operation,
      secretId: typeof secretId === 'string' ? secretId : undefined,
      headers,
      body,
      at: now(),
    });
    const [fault = standing, ...rest] = faults;
    faults = rest;
    await suffer(fault, operation, response, () => {
      if (method !== 'POST' || operation === '') throw new ServiceException('UnknownOperationException', '');
      if (!input) throw new ServiceException('SerializationException', '');
      return operate(store, operation, input);
    });
  }

  async function suffer(
    fault: SecretsFault,
    operation: string,
    response: ServerResponse,
    genuine: () => Readonly<Record<string, unknown>>,
  ): Promise<void> {
    switch (fault.kind) {
      case 'pass':
        return send(response, 200, genuine());
      case 'down':
        response.socket?.resetAndDestroy();
        return;
      case 'hang':
        return;
      case 'delay':
        await wait(fault.ms, undefined, { signal: stopped.signal });
        return suffer(fault.next ?? { kind: 'pass' }, operation, response, genuine);
      case 'hold':
        await fault.until;
        return suffer(fault.next ?? { kind: 'pass' }, operation, response, genuine);
      case 'throttled':
        throw new ServiceException('ThrottlingException', 'Rate exceeded');
      case 'denied': {
        const who = `arn:aws:sts::${accountId}:assumed-role/tester/tester`;
        const message = `User: ${who} is not authorized to perform: ${service.slice(0, -1)}:${operation} because no identity-based policy allows the action`;
        throw new ServiceException('AccessDeniedException', message);
      }
      case 'internal':
        throw new ServiceException('InternalServiceError', 'An error occurred on the server side.', 500);
      case 'exception':
        throw new ServiceException(fault.type, fault.message, fault.status);
      case 'status':
        response.writeHead(fault.status, { 'content-type': 'text/html' });
        response.end(fault.body ?? '');
        return;
    }
  }

  const server = createServer((incoming, response) => {
    handle(incoming, response).catch((thrown: unknown) => {
      if (response.destroyed || stopped.signal.aborted) return;
      const known = thrown instanceof ServiceException;
      const type = known ? thrown.type : 'InternalServiceError';
      const message = known ? thrown.message : `Secrets Manager for testers failed: ${String(thrown)}`;
      send(response, known ? thrown.status : 500, { __type: type, Message: message });
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
    create: (name, value) => store.create(name, value === undefined ? undefined : { SecretString: value }).arn,
    put(secretId, value) {
      const versionId = randomUUID();
      store.put(secretId, { SecretString: value }, versionId);
      return versionId;
    },
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
    count: (operation) => requests.count((request) => request.operation === operation),
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

function send(response: ServerResponse, status: number, body: Readonly<Record<string, unknown>>): void {
  const bytes = Buffer.from(JSON.stringify(body));
  response.writeHead(status, {
    'content-type': 'application/x-amz-json-1.1',
    'content-length': String(bytes.length),
    'x-amzn-requestid': randomUUID(),
  });
  response.end(bytes);
}

function parseInput(body: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const input: unknown = JSON.parse(body);
    return isRecord(input) ? input : undefined;
  } catch {
    return undefined;
  }
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
