import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { startExchange } from '../../test/exchange/server.ts';
import { startSecretsManager } from '../../test/secrets-manager/server.ts';
import { type LocalStack, readAssembly } from './assembly.ts';
import { claimDataFolder } from './data-folder.ts';
import { createTables, fillSecrets, startDynamo } from './engines.ts';
import { type Api, startGateway } from './gateway.ts';
import { startLambda } from './lambda.ts';
import { type Options, WrongOption } from './options.ts';

/** The stack, running on this machine. */
export type LocalRun = {
  /** Of the HTTP API. */
  readonly url: string;
  readonly exchangeUrl: string;
  readonly stack: LocalStack;
  /** Where the functions log, unless it is the terminal. */
  readonly logFile: string | undefined;
  readonly stop: () => Promise<void>;
};

export type RunSetting = {
  readonly options: Options;
  /** Ends the start early. */
  readonly signal?: AbortSignal;
  /** A function that failed instead of answering. */
  readonly failed: (functionName: string, errorType: string, errorMessage: string) => void;
};

const place = { region: 'us-east-1', accountId: '123456789012' };

/** Starts everything; what it started before a failure is stopped again. */
export async function startLocal({ options, signal, failed }: RunSetting): Promise<LocalRun> {
  const started = new AsyncDisposableStack();
  try {
    const api = Promise.withResolvers<Api>();
    // First, and before anything slow: a taken port is heard of at once. Early requests wait.
    const gateway = await startGateway({ port: options.port, accountId: place.accountId, api: api.promise }).catch(
      (error: unknown) => Promise.reject(portProblem(error, options.port)),
    );
    started.defer(gateway.stop);
    const folder = await mkdtemp(join(tmpdir(), 'order-state-snapshots-'));
    started.defer(() => rm(folder, { recursive: true, force: true }));

    const data = options.data === undefined ? undefined : await claimDataFolder(options.data);
    if (data !== undefined) started.defer(data.release);

    // Its address is compiled into the bundle, so the exchange comes before the synthesis.
    const exchange = options.exchange ?? (await builtInExchange(options, started));
    const [dynamo, secrets, stack] = await together([
      startDynamo(data?.dynamo).then((engine) => {
        started.defer(engine.stop);
        return engine;
      }),
      startSecretsManager(place).then((manager) => {
        started.defer(() => manager.stop());
        return manager;
      }),
      synthesize(folder, options, exchange.url, signal),
    ]);
    await together([
      createTables(dynamo.url, place.region, stack.tables),
      fillSecrets(secrets, place.region, stack.secretNames, exchange.key),
    ]);

    const logFile = options.verbose ? undefined : join(folder, 'functions.log');
    const log = logFile === undefined ? undefined : createWriteStream(logFile);
    if (log !== undefined) started.defer(() => new Promise((resolve) => log.end(resolve)));
    const lambda = startLambda({
      functions: stack.functions,
      region: place.region,
      endpoints: { AWS_ENDPOINT_URL_DYNAMODB: dynamo.url, AWS_ENDPOINT_URL_SECRETS_MANAGER: secrets.url },
      output: (chunk) => (log ?? process.stderr).write(chunk),
      failed,
    });
    started.defer(lambda.stop);
    api.resolve({ routes: stack.routes, invoke: lambda.invoke });
    return {
      url: gateway.url,
      exchangeUrl: exchange.url,
      stack,
      logFile,
      stop: async () => {
        // The door first, then what stands behind it, the latest first.
        await gateway.stop();
        await started.disposeAsync();
      },
    };
  } catch (error) {
    await started.disposeAsync();
    throw error;
  }
}

async function builtInExchange({ dialect }: Options, started: AsyncDisposableStack) {
  const exchange = await startExchange({ dialect });
  started.defer(() => exchange.stop());
  const [key] = exchange.keys;
  if (key === undefined) throw new Error('the built-in exchange has no key');
  return { url: exchange.url, key };
}

const synth = fileURLToPath(new URL('synth.ts', import.meta.url));

async function synthesize(
  folder: string,
  { account, dialect }: Options,
  exchangeUrl: string,
  signal: AbortSignal | undefined,
): Promise<LocalStack> {
  const outdir = join(folder, 'cdk.out');
  const synthesis = promisify(execFile)(process.execPath, [synth, outdir, account, dialect, exchangeUrl], { signal });
  const ended = once(synthesis.child, 'exit');
  try {
    await synthesis;
  } catch (error) {
    // When the signal ended it, it may still be writing into the folder.
    await ended;
    const written = error instanceof Error && 'stderr' in error ? String(error.stderr).trim() : '';
    const cause = written.split('\n').at(-1);
    throw new Error(`the stack cannot be synthesized (npm run synth says more): ${cause || 'no reason given'}`);
  }
  return readAssembly(outdir, place);
}

function portProblem(error: unknown, port: number): unknown {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (code === 'EADDRINUSE') return new WrongOption(`Port ${port} is taken: choose another one with --port N`);
  if (code === 'EACCES') return new WrongOption(`Port ${port} is not for everyone: choose one from 1024 with --port N`);
  return error;
}

/** Like `Promise.all`, but waits for the others when one fails: what they start still has to be stopped. */
async function together<T extends readonly unknown[]>(
  work: readonly [...{ [K in keyof T]: Promise<T[K]> }],
): Promise<T> {
  await Promise.allSettled(work);
  return Promise.all(work);
}
