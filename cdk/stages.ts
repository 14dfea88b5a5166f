import { RetentionDays } from 'aws-cdk-lib/aws-logs';
import { dialects } from '../lib/exchange/dialects.ts';
import { accountPattern, type Stage, type StageAccount } from '../lib/stage.ts';

/** One account at an exchange, as written in the stage table. */
export type AccountConfig = {
  readonly dialect: StageAccount['dialect'];
  /** Base URL of the exchange. Default: the dialect's production exchange. */
  readonly url?: string;
  /** A live order is checked again this long after a change, at the soonest; seconds. Default: 10. */
  readonly minCheckSeconds?: number;
  /** And at the latest. Default, and most: a third of how long the exchange remembers closed orders. */
  readonly maxCheckSeconds?: number;
  /** The part of the exchange's rate limit that we spend; the rest is for whoever else uses the account. Default: 0.5. */
  readonly shareOfRate?: number;
};

/** One stage, as written in the stage table. */
export type StageConfig = {
  readonly accounts: Readonly<Record<string, AccountConfig>>;
  /** Data outlives the stack: deletion protection, termination protection, the table and the logs retained. */
  readonly protect: boolean;
  readonly logRetention: RetentionDays;
  /** What the API lets through, all callers together: requests per second, and how many at once on top. */
  readonly throttle: { readonly rate: number; readonly burst: number };
  /**
   * Keeps Lambda concurrency free for the checks, two for each account, whatever else runs in the AWS account. Lambda
   * refuses it where that leaves less than 100 for everything else: a new AWS account may have 10 in all. Default: true.
   */
  readonly reserveConcurrency?: boolean;
  /** SNS topic, in the stack's own region, that hears when an alarm starts and when it ends. Default: nobody hears. */
  readonly alarmTopicArn?: string;
  /** On every resource. */
  readonly tags: Readonly<Record<string, string>>;
};

/** A stage that passed every check: what the functions know of it, and what only the infrastructure needs. */
export type ResolvedStage = Omit<StageConfig, 'accounts' | 'reserveConcurrency'> & {
  readonly reserveConcurrency: boolean;
  /** Compiled into each bundle. */
  readonly runtime: Stage;
};

/** The stage table: the one place of configuration. */
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

/** The configuration cannot be deployed. `message` has one sentence a line, each saying what to change. */
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

/** Checks a stage, fills in its defaults, and throws one `StageError` that names all that is wrong with it. */
export function resolveStage(name: string, config: StageConfig): ResolvedStage {
  const problems = [...stageProblems(name, config)];
  if (problems.length > 0) throw new StageError(problems.join('\n'));
  const { accounts, reserveConcurrency = true, ...settings } = config;
  return {
    ...settings,
    reserveConcurrency,
    runtime: {
      name,
      accounts: Object.fromEntries(
        Object.entries(accounts).map(([account, { dialect, url, shareOfRate, minCheckSeconds, maxCheckSeconds }]) => [
          account,
          {
            dialect,
            url: url ?? dialects[dialect].url,
            secretName: `order-state-snapshots/${name}/${account}/exchange-key`,
            shareOfRate: shareOfRate ?? defaultShareOfRate,
            minCheckSeconds: minCheckSeconds ?? Math.min(defaultMinCheckSeconds, maxCheckSeconds ?? Infinity),
            maxCheckSeconds: maxCheckSeconds ?? longestCheckSeconds(dialect),
          },
        ]),
      ),
    },
  };
}

const defaultMinCheckSeconds = 10;
const defaultShareOfRate = 0.5;

/** A stack has at most 500 resources, and each account adds three: a secret, a schedule, an alarm. */
export const mostAccounts = 130;

/** An order that closes just after a check is seen at least twice more before the exchange forgets it. */
function longestCheckSeconds(dialect: AccountConfig['dialect']): number {
  return dialects[dialect].retentionMs / 3_000;
}

function* stageProblems(name: string, config: StageConfig): Generator<string> {
  if (!/^[a-z][a-z0-9-]{0,15}$/.test(name)) {
    yield `Stage "${name}": rename it to 1 to 16 of a-z, 0-9 and -, a letter first.`;
  }
  const accounts = Object.entries(config.accounts);
  if (accounts.length === 0) yield `Stage "${name}" has no account: add at least one.`;
  if (accounts.length > mostAccounts) {
    yield `Stage "${name}" has ${accounts.length} accounts: move some to another stage, one holds ${mostAccounts}.`;
  }
  for (const [account, settings] of accounts) {
    for (const problem of accountProblems(account, settings)) yield `Stage "${name}", account "${account}": ${problem}`;
  }
  const { rate, burst } = config.throttle;
  if (!(rate > 0)) yield `Stage "${name}": set throttle.rate above 0 (it is ${rate}), or no request gets through.`;
  if (!(Number.isInteger(burst) && burst >= 1)) {
    yield `Stage "${name}": set throttle.burst to a whole number from 1 (it is ${burst}), or no request gets through.`;
  }
  if (config.alarmTopicArn !== undefined && !topicPattern.test(config.alarmTopicArn)) {
    yield `Stage "${name}": write alarmTopicArn as the ARN of a standard SNS topic, such as arn:aws:sns:eu-west-1:111122223333:desk-pager (it is "${config.alarmTopicArn}").`;
  }
  for (const [key, value] of Object.entries(config.tags)) {
    if (!/^(?!aws:)[\w .:/=+@-]{1,128}$/i.test(key) || !/^[\w .:/=+@-]{0,256}$/.test(value)) {
      yield `Stage "${name}": change the tag "${key}"="${value}": AWS takes letters, digits, spaces and _.:/=+-@, no aws: in front.`;
    }
  }
}

function* accountProblems(account: string, settings: AccountConfig): Generator<string> {
  if (!accountPattern.test(account)) yield 'rename it to 1 to 32 of a-z, 0-9 and -.';
  const url = settings.url === undefined ? undefined : urlProblem(settings.url);
  if (url !== undefined) yield url;

  const most = longestCheckSeconds(settings.dialect);
  const { maxCheckSeconds = most, minCheckSeconds = Math.min(defaultMinCheckSeconds, maxCheckSeconds) } = settings;
  if (maxCheckSeconds > most) {
    yield `lower maxCheckSeconds from ${maxCheckSeconds} to at most ${most}, a third of how long ${settings.dialect} remembers closed orders, or an order can close and vanish unseen.`;
  }
  if (!(Number.isInteger(minCheckSeconds) && Number.isInteger(maxCheckSeconds) && minCheckSeconds >= 1)) {
    yield `give minCheckSeconds and maxCheckSeconds in whole seconds from 1 (they are ${minCheckSeconds} and ${maxCheckSeconds}).`;
  }
  if (minCheckSeconds > maxCheckSeconds) {
    yield `lower minCheckSeconds (${minCheckSeconds}) to at most maxCheckSeconds (${maxCheckSeconds}).`;
  }
  const { shareOfRate = defaultShareOfRate } = settings;
  if (!(shareOfRate > 0 && shareOfRate <= 1)) {
    yield `set shareOfRate above 0 and to at most 1 (it is ${shareOfRate}): the part of the exchange's rate limit that we spend.`;
  }
}

const topicPattern = /^arn:aws[a-z-]*:sns:[a-z0-9-]+:\d{12}:[\w-]{1,256}$/;

const loopback = new Set(['localhost', '127.0.0.1', '[::1]']);

function urlProblem(text: string): string | undefined {
  // The text is not quoted back: a key pasted into it would end up in a build log.
  if (!URL.canParse(text)) return 'write url as a whole address, such as https://api.orangex.com/api/v1.';
  const url = new URL(text);
  if (url.protocol !== 'https:' && !(url.protocol === 'http:' && loopback.has(url.hostname))) {
    return `use https in url (it is ${url.protocol}//${url.hostname}); plain http reaches this machine only.`;
  }
  if (url.username !== '' || url.password !== '' || url.search !== '' || url.hash !== '') {
    return 'leave user, password, query and # out of url: keys belong in the secret.';
  }
  if (text.endsWith('/')) return `drop the slash at the end of url: the method's path is appended to it.`;
  return undefined;
}
