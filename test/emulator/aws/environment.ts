import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import * as z from 'zod/mini';
import { listen } from '../listen.ts';
import type { LocalFunction } from './assembly.ts';

/** The outcome of an invocation, in the terms of Lambda's Invoke API. */
export type Outcome =
  | { readonly kind: 'returned'; readonly payload: string }
  | { readonly kind: 'failed'; readonly errorType: string; readonly errorMessage: string }
  | { readonly kind: 'throttled' }
  | { readonly kind: 'too_large' };

/** One execution environment: a process that serves one invocation at a time. */
export type Environment = {
  readonly pid: number | undefined;
  readonly invoke: (payload: string, traceId: string) => Promise<Outcome>;
  readonly kill: () => void;
  /** Resolves when the process is gone, for whatever reason. */
  readonly gone: Promise<void>;
};

export type EnvironmentSetting = {
  readonly lambda: LocalFunction;
  /** All that the process sees; nothing of the runner's own environment leaks in. */
  readonly variables: Readonly<Record<string, string>>;
  /** What the function writes to stdout and stderr. */
  readonly output: (chunk: Buffer) => void;
  /** What runs the function, as arguments of node. Default: a minimal Lambda runtime. */
  readonly runtime?: readonly string[];
  /** The process requests the next invocation. */
  readonly ready: (environment: Environment) => void;
};

type Invocation = {
  readonly id: string;
  readonly payload: string;
  readonly traceId: string;
  readonly settle: (outcome: Outcome) => void;
  timer?: NodeJS.Timeout;
  /** What the runtime posted. The invocation is over when it requests the next one, or is gone. */
  said?: Outcome;
};

const ownRuntime = [fileURLToPath(new URL('runtime.ts', import.meta.url))];
const initLimitMs = 10_000;
/** Of an event and of a result, in bytes. */
export const payloadLimit = 6 * 1024 * 1024;

const RuntimeError = z.object({ errorType: z._default(z.string(), 'Error'), errorMessage: z._default(z.string(), '') });

/** Starts a process for a function, and the Runtime API that it polls for work. */
export async function startEnvironment(setting: EnvironmentSetting): Promise<Environment> {
  const { lambda } = setting;
  /** The process polls for work and waits. */
  let waiting: ServerResponse | undefined;
  /** Handed to the process, or to be handed as soon as it polls. */
  let current: Invocation | undefined;
  /** Why the process ended, once it has. */
  let end: Outcome | undefined;
  let initError: Outcome | undefined;

  const server = createServer((request, response) => {
    route(request, response).catch(() => response.destroy());
  });
  // An invocation may take longer than the default five seconds, and then responds over the same connection.
  server.keepAliveTimeout = 0;
  const { port } = await listen(server, 0);
  const child = spawnRuntime(setting, `127.0.0.1:${port}`);
  const initTimer = setTimeout(() => {
    finish(failed('Sandbox.Timedout', `Init took longer than ${initLimitMs / 1000} seconds`));
    child.kill('SIGKILL');
  }, initLimitMs);
  const gone = new Promise<void>((resolve) => {
    child.once('close', (code, signal) => {
      clearTimeout(initTimer);
      server.close();
      server.closeAllConnections();
      const reason = signal === null ? `exit status ${code}` : `signal: ${signal === 'SIGKILL' ? 'killed' : signal}`;
      end = initError ?? failed('Runtime.ExitError', `Runtime exited with error: ${reason}`);
      finish(end);
      resolve();
    });
  });

  async function route(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const [, action] = /^\/2018-06-01\/runtime\/(?:invocation\/)?(.+)$/.exec(request.url ?? '') ?? [];
    if (action === 'next') {
      clearTimeout(initTimer);
      waiting = response;
      // The first invocation is already here: it is what the environment was started for.
      if (current !== undefined && current.said === undefined) return hand(current, response);
      setting.ready(environment);
      finish();
      return;
    }
    const body = await text(request);
    const [id, verb] = action?.split('/') ?? [];
    if (id === 'init' && verb === 'error') initError = described(body);
    else if (current !== undefined && id === current.id && verb === 'error') current.said = described(body);
    else if (current !== undefined && id === current.id && verb === 'response') {
      current.said = outcomeOf(body);
    } else {
      response.writeHead(404).end();
      return;
    }
    response.writeHead(202, { 'content-type': 'application/json' }).end('{"status":"OK"}');
  }

  function hand(invocation: Invocation, response: ServerResponse): void {
    const { id, payload } = invocation;
    // The clock of an invocation starts when the code does: INIT has its own limit.
    invocation.timer = setTimeout(() => {
      const seconds = (lambda.timeoutMs / 1000).toFixed(2);
      finish(failed('Sandbox.Timedout', `RequestId: ${id} Error: Task timed out after ${seconds} seconds`));
      child.kill('SIGKILL');
    }, lambda.timeoutMs);
    waiting = undefined;
    response.writeHead(200, headersOf(invocation, lambda)).end(payload);
  }

  function finish(otherwise?: Outcome): void {
    const invocation = current;
    current = undefined;
    clearTimeout(invocation?.timer);
    const outcome = invocation?.said ?? otherwise;
    if (outcome !== undefined) invocation?.settle(outcome);
  }

  const environment: Environment = {
    pid: child.pid,
    invoke: (payload, traceId) =>
      new Promise((settle) => {
        if (end !== undefined) return settle(end);
        current = { id: randomUUID(), payload, traceId, settle };
        if (waiting !== undefined) hand(current, waiting);
      }),
    kill: () => child.kill('SIGKILL'),
    gone,
  };
  return environment;
}

function spawnRuntime(
  { lambda, variables, output, runtime = ownRuntime }: EnvironmentSetting,
  runtimeApi: string,
): ChildProcess {
  const child = spawn(process.execPath, [`--max-old-space-size=${lambda.memoryMb}`, ...runtime], {
    cwd: lambda.code,
    env: { ...variables, AWS_LAMBDA_RUNTIME_API: runtimeApi },
    // Its own process group: Ctrl-C in the terminal is for the runner, which lets requests end and then stops this.
    detached: true,
    // Standard input stays open, silent, for as long as the runner lives; the runtime leaves when it closes.
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  child.stdout.on('data', output);
  child.stderr.on('data', output);
  return child;
}

/** What the runtime learns of an invocation besides its payload. */
function headersOf({ id, traceId }: Invocation, lambda: LocalFunction) {
  return {
    'content-type': 'application/json',
    'lambda-runtime-aws-request-id': id,
    'lambda-runtime-deadline-ms': Date.now() + lambda.timeoutMs,
    'lambda-runtime-invoked-function-arn': lambda.arn,
    'lambda-runtime-trace-id': traceId,
  };
}

function outcomeOf(body: string): Outcome {
  return Buffer.byteLength(body) > payloadLimit
    ? failed('Function.ResponseSizeTooLarge', `Response payload size exceeded ${payloadLimit} bytes`)
    : { kind: 'returned', payload: body };
}

function described(body: string): Outcome {
  const parsed = RuntimeError.safeParse(parse(body));
  return parsed.success ? failed(parsed.data.errorType, parsed.data.errorMessage) : failed('Error', '');
}

function parse(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}

function failed(errorType: string, errorMessage: string): Outcome {
  return { kind: 'failed', errorType, errorMessage };
}
