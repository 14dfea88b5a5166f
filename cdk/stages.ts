import { RetentionDays } from 'aws-cdk-lib/aws-logs';
import { dialects } from '../lib/exchange/dialects/index.ts';
import type { Stage, StageAccount } from '../lib/stage/stage.ts';
import { withDefaults } from './account-defaults.ts';
import { type ScheduleGroup, scheduleGroups } from './schedule-groups.ts';
import { secretNameOf } from './stack-outputs.ts';
import type { AccountConfig, AuthConfig, StageConfig } from './stage-config.ts';
import { stageProblems } from './stage-problems.ts';

/** A valid stage: its settings with defaults, and the part that the functions use. */
export type ResolvedStage = Omit<StageConfig, 'accounts' | 'auth' | 'monitoring' | 'reserveConcurrency' | 'xray'> & {
  readonly auth: AuthConfig;
  readonly monitoring: NonNullable<StageConfig['monitoring']>;
  readonly reserveConcurrency: boolean;
  readonly xray: boolean;
  readonly schedules: readonly ScheduleGroup[];
  /** Compiled into each bundle. */
  readonly runtime: Stage;
};

/** The stage table: all configuration is here. */
const stages: Readonly<Record<string, StageConfig>> = {
  dev: {
    accounts: {
      main: { dialect: 'orangex' },
      testnet: { dialect: 'deribit', url: 'https://test.deribit.com/api/v2' },
    },
    protect: false,
    logRetention: RetentionDays.TWO_WEEKS,
    throttle: { rate: 10, burst: 20 },
    reserveConcurrency: false,
    monitoring: 'essential',
    tags: { service: 'order-state-snapshots', stage: 'dev' },
  },
  prod: {
    accounts: {
      main: { dialect: 'orangex' },
    },
    protect: true,
    logRetention: RetentionDays.ONE_YEAR,
    throttle: { rate: 50, burst: 100 },
    reserveConcurrency: true,
    tags: { service: 'order-state-snapshots', stage: 'prod' },
  },
};

/** The configuration cannot be deployed. `message` has one sentence a line, each with what to change. */
export class StageError extends Error {
  override readonly name = 'StageError';
}

/** The stage of the table that has this name. */
export function stageNamed(name: string): ResolvedStage {
  const config = Object.hasOwn(stages, name) ? stages[name] : undefined;
  if (config === undefined) {
    throw new StageError(`There is no stage "${name}": choose one of ${Object.keys(stages).join(', ')}.`);
  }
  return resolveStage(name, config);
}

/** Validates a stage and fills in its defaults. Throws one `StageError` with every problem. */
export function resolveStage(name: string, config: StageConfig): ResolvedStage {
  const problems = [...stageProblems(name, config)];
  if (problems.length > 0) throw new StageError(problems.join('\n'));
  const { accounts, auth = { kind: 'iam' }, monitoring = 'full', ...settings } = config;
  const { reserveConcurrency = true, xray = false } = config;
  return {
    ...settings,
    auth,
    monitoring,
    reserveConcurrency,
    xray,
    schedules: scheduleGroups(accounts),
    runtime: {
      name,
      monitoring: monitoring === 'essential' ? monitoring : undefined,
      auth: auth.kind === 'iam' ? auth : { kind: auth.kind, accountsClaim: auth.accountsClaim },
      accounts: Object.fromEntries(
        Object.entries(accounts).map(([account, settings]) => [account, resolveAccount(name, account, settings)]),
      ),
    },
  };
}

function resolveAccount(stage: string, account: string, config: AccountConfig): StageAccount {
  const { dialect, url = dialects[dialect].url, secretArn, historyDays } = config;
  return {
    dialect,
    url,
    secretName: secretArn ?? secretNameOf(stage, account),
    ...withDefaults(config),
    historyDays,
  };
}
