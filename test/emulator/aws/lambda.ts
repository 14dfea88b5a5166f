import type { LocalFunction } from './assembly.ts';
import {
  type Environment,
  type EnvironmentSetting,
  type Outcome,
  payloadLimit,
  startEnvironment,
} from './environment.ts';

/** How many environments of one function run here at most, unless the template reserves fewer. */
const concurrencyCap = 10;

export type Lambda = {
  /** Calls a function as an event source would: the payload is the event's JSON. */
  readonly invoke: (functionName: string, payload: string, traceId: string) => Promise<Outcome>;
  /** Ids of the processes that a function has now. */
  readonly pids: (functionName: string) => readonly number[];
  /** Kills the processes of a function, whatever they do: the next requests start new ones. */
  readonly kill: (functionName: string) => Promise<void>;
  readonly stop: () => Promise<void>;
};

type LambdaSetting = Pick<EnvironmentSetting, 'output' | 'runtime'> & {
  readonly functions: readonly LocalFunction[];
  readonly region: string;
  /** Standard SDK variables that lead to the engines on this machine. */
  readonly endpoints: Readonly<Record<string, string>>;
  /** A function that failed instead of returning: never silent. */
  readonly failed: (functionName: string, errorType: string, errorMessage: string) => void;
};

/** The Lambda service: starts environments as requests need them, one request at a time in each, and keeps idle ones. */
export function startLambda(setting: LambdaSetting): Lambda {
  const pools = new Map(setting.functions.map((lambda) => [lambda.name, createPool(lambda, setting)]));
  let stopped = false;
  const kill = () => {
    stopped = true;
    for (const pool of pools.values()) pool.kill();
  };
  // However the runner ends, short of SIGKILL (then the runtimes see their standard input close).
  process.once('exit', kill);
  return {
    invoke: async (functionName, payload, traceId) => {
      const pool = pools.get(functionName);
      if (pool === undefined) throw new Error(`no function ${functionName} in the template`);
      if (Buffer.byteLength(payload) > payloadLimit) return { kind: 'too_large' };
      const outcome = await pool.invoke(payload, traceId);
      if (outcome.kind === 'failed' && !stopped) {
        setting.failed(functionName, outcome.errorType, outcome.errorMessage);
      }
      return outcome;
    },
    pids: (functionName) => pools.get(functionName)?.pids() ?? [],
    kill: async (functionName) => pools.get(functionName)?.empty(),
    stop: async () => {
      process.off('exit', kill);
      kill();
      await Promise.all([...pools.values()].map((pool) => pool.empty()));
    },
  };
}

function createPool(lambda: LocalFunction, setting: LambdaSetting) {
  const cap = Math.min(lambda.concurrency ?? concurrencyCap, concurrencyCap);
  const environments = new Set<Environment>();
  const idle = new Set<Environment>();
  /** Environments ever started, and of those the ones that still take a place. */
  let started = 0;
  let alive = 0;
  let stopped = false;

  async function start(): Promise<Environment> {
    started += 1;
    alive += 1;
    const stream = `${new Date().toISOString().slice(0, 10).replaceAll('-', '/')}/[$LATEST]${started}`;
    const environment = await startEnvironment({
      lambda,
      variables: { ...lambda.environment, ...reserved(lambda, setting.region, stream), ...setting.endpoints },
      output: setting.output,
      ...(setting.runtime !== undefined && { runtime: setting.runtime }),
      ready: (ready) => idle.add(ready),
    });
    environments.add(environment);
    void environment.gone.then(() => {
      alive -= 1;
      environments.delete(environment);
      idle.delete(environment);
    });
    if (stopped) environment.kill();
    return environment;
  }

  return {
    invoke: async (payload: string, traceId: string): Promise<Outcome> => {
      const [free] = idle;
      if (free === undefined && (alive >= cap || stopped)) return { kind: 'throttled' };
      if (free !== undefined) idle.delete(free);
      const environment = free ?? (await start());
      return await environment.invoke(payload, traceId);
    },
    pids: (): readonly number[] => [...environments].flatMap(({ pid }) => pid ?? []),
    /** For good. */
    kill: (): void => {
      stopped = true;
      for (const environment of environments) environment.kill();
    },
    /** Kills every environment, and resolves when all are gone. */
    empty: async (): Promise<void> => {
      idle.clear();
      for (const environment of environments) environment.kill();
      await Promise.all([...environments].map((environment) => environment.gone));
    },
  };
}

/** The variables that Lambda itself sets. */
export function reserved(lambda: LocalFunction, region: string, stream: string): Readonly<Record<string, string>> {
  return {
    _HANDLER: lambda.handler,
    AWS_ACCESS_KEY_ID: 'local',
    AWS_DEFAULT_REGION: region,
    AWS_EXECUTION_ENV: 'AWS_Lambda_nodejs24.x',
    AWS_LAMBDA_FUNCTION_MEMORY_SIZE: String(lambda.memoryMb),
    AWS_LAMBDA_FUNCTION_NAME: lambda.name,
    AWS_LAMBDA_FUNCTION_VERSION: '$LATEST',
    AWS_LAMBDA_INITIALIZATION_TYPE: 'on-demand',
    AWS_LAMBDA_LOG_GROUP_NAME: lambda.logGroup,
    AWS_LAMBDA_LOG_STREAM_NAME: stream,
    AWS_REGION: region,
    AWS_SECRET_ACCESS_KEY: 'local',
    AWS_SESSION_TOKEN: 'local',
    LAMBDA_TASK_ROOT: lambda.code,
    LANG: 'en_US.UTF-8',
    PATH: '/usr/local/bin:/usr/bin:/bin:/opt/bin',
    TZ: ':UTC',
  };
}
