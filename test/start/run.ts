import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { type LocalStack, readAssembly } from '../emulator/aws/assembly.ts';
import { claimDataFolder, type DataFolder, DataFolderError } from '../emulator/aws/data-folder.ts';
import { deadLetterOf } from '../emulator/aws/dead-letter.ts';
import { createTables, fillSecrets, startDynamo } from '../emulator/aws/engines.ts';
import type { Outcome } from '../emulator/aws/environment.ts';
import { startEventSource } from '../emulator/aws/event-source.ts';
import { type Api, startGateway } from '../emulator/aws/gateway.ts';
import type { Lambda } from '../emulator/aws/lambda.ts';
import type { Queues } from '../emulator/aws/queues/server.ts';
import { startScheduler } from '../emulator/aws/scheduler.ts';
import { startSecretsManager } from '../emulator/aws/secrets-manager/server.ts';
import { createStream } from '../emulator/aws/stream.ts';
import type { Change } from '../emulator/aws/table-proxy.ts';
import { type Exchange, startExchange } from '../emulator/exchange/server.ts';
import { emulatedDialects } from '../emulator/exchange/wire.ts';
import { startDemo } from './demo.ts';
import { type Options, WrongOption } from './options.ts';
import { readServedFiles } from './served-files.ts';
import { place, startFunctions, startServices, stoppable, together } from './services.ts';
import type { BusEvent } from './transitions.ts';

/** The stack, running on this machine. */
export type LocalRun = {
  /** Of the HTTP API. */
  readonly url: string;
  readonly exchangeUrl: string;
  /** Where the AWS SDK and the commands reach the table, the secrets, the queues and the bus. */
  readonly awsUrl: string;
  readonly stack: LocalStack;
  /** Where the functions log, unless it is the terminal. */
  readonly logFile: string | undefined;
  /** Lets orders come and go in the built-in exchange from now on. */
  readonly play: () => void;
  readonly stop: () => Promise<void>;
};

type RunSetting = {
  readonly options: Options;
  /** Ends the start early. */
  readonly signal?: AbortSignal;
  /** A function that failed instead of responding. */
  readonly failed: (functionName: string, errorType: string, errorMessage: string) => void;
  /** Called with each event that the functions put on the bus. */
  readonly onEvent: (event: BusEvent) => void;
  /** The folder of `--data` cannot be written any more: nothing is kept from now on. */
  readonly unwritable?: (reason: string) => void;
};

/** A stop of the runner is no failure of a function. */
type Work = Pick<RunSetting, 'failed'> & {
  readonly lambda: Lambda;
  readonly queues: Queues;
  readonly isStopped: () => boolean;
};

/** Starts everything; what it started before a failure is stopped again. */
export async function startLocal(setting: RunSetting): Promise<LocalRun> {
  const { options, failed, onEvent } = setting;
  const started = new AsyncDisposableStack();
  try {
    const api = Promise.withResolvers<Api>();
    // First, and before anything slow: a taken port is reported at once. Early requests wait.
    const gateway = await startGateway({
      port: options.port,
      accountId: place.accountId,
      api: api.promise,
      files: await readServedFiles(),
    }).catch((error: unknown) => Promise.reject(portProblem(error, options.port)));
    started.defer(gateway.stop);
    const folder = await mkdtemp(join(tmpdir(), 'order-state-snapshots-'));
    started.defer(() => rm(folder, { recursive: true, force: true }));

    const { builtIn, exchange, dynamo, secrets, stack } = await startEngines(started, folder, setting);
    await together([
      createTables(dynamo.url, place.region, stack.tables),
      fillSecrets(secrets, place.region, stack.secretNames, exchange.key),
    ]);

    // Changes are reported from the first one on; nothing is written before the functions start.
    const streams: ((change: Change) => void)[] = [];
    const onChange = (change: Change) => {
      for (const tell of streams) tell(change);
    };
    const { table, bus, queues, aws } = await startServices(
      started,
      stack,
      { dynamoUrl: dynamo.url, secretsUrl: secrets.url },
      { onChange, onEvent },
    );

    const logFile = options.verbose ? undefined : join(folder, 'functions.log');
    const lambda = startFunctions(started, stack, { table, bus, queues, secrets }, { logFile, failed });
    let stopped = false;
    const work: Work = { lambda, queues, failed, isStopped: () => stopped };
    streams.push(...startStreams(stack, work, started));
    const { schedules } = stack;
    started.defer(startScheduler({ schedules, everyMs: options.every * 1000, invoke: eventInvoke(work) }).stop);
    api.resolve({ routes: stack.routes, invoke: lambda.invoke });
    return {
      url: gateway.url,
      exchangeUrl: exchange.url,
      awsUrl: aws.url,
      stack,
      logFile,
      play: () => {
        if (builtIn !== undefined) play(started, setting, builtIn, gateway.url);
      },
      stop: async () => {
        stopped = true;
        // The gateway first, then what is behind it, the latest first.
        await gateway.stop();
        await started.disposeAsync();
      },
    };
  } catch (error) {
    await started.disposeAsync();
    if (error instanceof DataFolderError) throw new WrongOption(`--data ${options.data} ${error.message}`);
    throw error;
  }
}

/** The exchange, the servers of AWS that keep data, and the stack, synthesized for that exchange. */
async function startEngines(
  started: AsyncDisposableStack,
  folder: string,
  { options, signal, unwritable }: RunSetting,
) {
  const data = options.data === undefined ? undefined : await claimDataFolder(options.data);
  if (data !== undefined) started.defer(data.release);

  // Its address is compiled into the bundle, so the exchange comes before the synthesis.
  const builtIn =
    options.exchange === undefined ? await builtInExchange(options, started, data, unwritable) : undefined;
  const exchange = options.exchange ?? keyed(builtIn);
  const [dynamo, secrets, stack] = await together([
    stoppable(started, startDynamo(data?.dynamo, unwritable)),
    stoppable(started, startSecretsManager(place)),
    synthesize(folder, options, exchange.url, signal),
  ]);
  return { builtIn, exchange, dynamo, secrets, stack };
}

function play(started: AsyncDisposableStack, { options, failed }: RunSetting, exchange: Exchange, url: string): void {
  const ordersUrl = `${url}/accounts/${options.account}/orders`;
  const reported = (message: string) => failed('The demonstration', 'Error', message);
  started.defer(startDemo({ exchange, ordersUrl, failed: reported }).stop);
}

/** Leads the changes of the stack's tables to the functions that the template maps them to. */
export function startStreams({ streams, mappings }: LocalStack, work: Work, started: AsyncDisposableStack) {
  return streams.map((stream) => {
    const recordOf = createStream(stream, place.region);
    const sources = mappings
      .filter(({ streamArn }) => streamArn === stream.arn)
      .map((mapping) =>
        startEventSource({
          mapping,
          invoke: eventInvoke(work),
          gaveUp: (functionName, records) => {
            const { deadLetterQueue: queue } = mapping;
            if (queue !== undefined) work.queues.send(queue, deadLetterOf(mapping, records, Date.now()));
            const what = `${records.length} records were tried as often as the mapping allows`;
            work.failed(functionName, 'GaveUp', what);
          },
        }),
      );
    for (const source of sources) started.defer(source.stop);
    return (change: Change) => {
      if (change.tableName !== stream.tableName) return;
      const record = recordOf(change);
      for (const source of sources) source.push(record);
    };
  });
}

/** Calls a function for an event that nobody waits for. Never rejects. */
function eventInvoke({ lambda, failed, isStopped }: Work) {
  return async (functionName: string, payload: string): Promise<Outcome> => {
    const traceId = `Root=1-${Math.floor(Date.now() / 1000).toString(16)}-${randomBytes(12).toString('hex')}`;
    try {
      return await lambda.invoke(functionName, payload, traceId);
    } catch (error) {
      const errorMessage = error instanceof Error ? error.message : String(error);
      if (!isStopped()) failed(functionName, 'Error', errorMessage);
      return { kind: 'failed', errorType: 'Error', errorMessage };
    }
  };
}

/** With `--data`, its orders are those of the run before: otherwise each open one would be missing. */
async function builtInExchange(
  options: Options,
  started: AsyncDisposableStack,
  data: DataFolder | undefined,
  unwritable: RunSetting['unwritable'],
): Promise<Exchange> {
  const dialect = emulatedDialects.find((name) => name === options.dialect);
  if (dialect === undefined)
    throw new WrongOption(`The built-in exchange does not speak ${options.dialect}: name another one with --exchange`);
  if (data === undefined) return stoppable(started, startExchange({ dialect }));
  const file = data.file(`exchange-${dialect}.json`);
  const save = (book: string) => {
    try {
      file.write(book);
    } catch (error) {
      unwritable?.(error instanceof Error ? error.message : String(error));
    }
  };
  return stoppable(started, startExchange({ dialect, saved: file.read(), save }));
}

function keyed(exchange: Exchange | undefined) {
  const [key] = exchange?.keys ?? [];
  if (exchange === undefined || key === undefined) throw new Error('the built-in exchange has no key');
  return { url: exchange.url, key };
}

const synth = fileURLToPath(new URL('synth.ts', import.meta.url));

async function synthesize(
  folder: string,
  { account, dialect, exchange }: Options,
  exchangeUrl: string,
  signal: AbortSignal | undefined,
): Promise<LocalStack> {
  const outdir = join(folder, 'cdk.out');
  // The built-in exchange is quick, and nobody else pays for its calls.
  const args = [outdir, account, dialect, exchangeUrl, ...(exchange === undefined ? ['2'] : [])];
  // CloudFormation's schemas take seconds, and CloudFormation is not here: `npm test` holds the template to them.
  const env = { ...process.env, CDK_VALIDATION: 'false' };
  const synthesis = promisify(execFile)(process.execPath, [synth, ...args], { signal, env });
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
