import { RetentionDays } from 'aws-cdk-lib/aws-logs';
import { dialects } from '../lib/exchange/dialects/index.ts';
import { orderIdPattern } from '../lib/exchange/order.ts';
import { accountPattern } from '../lib/stage/stage.ts';
import { maxCheckSecondsLimit, retentionSecondsOf, withDefaults } from './account-defaults.ts';
import { scheduleGroups } from './schedule-groups.ts';
import type { AccountConfig, AuthConfig, StageConfig } from './stage-config.ts';
import { shapeProblems } from './stage-shape.ts';

export const maxAccounts = 400;
/** A stack has at most 500 resources; these secrets and schedules are the only ones that grow with the accounts. */
export const maxSecretsAndSchedules = 360;
/** A stack has at most 200 outputs, one for each of these secrets; their ARNs also fill the policies of the roles. */
export const maxExistingSecrets = 140;

/**
 * All that is wrong with a stage of the table, one sentence each, which says what to change. Its types are not taken
 * for granted: Node runs the table without checking them.
 */
export function* stageProblems(name: string, config: StageConfig): Generator<string> {
  if (!/^[a-z][a-z0-9-]{0,15}$/.test(name)) {
    yield `Stage "${name}": rename it: a stage name is 1 to 16 characters from a-z, 0-9 and -, and starts with a-z.`;
  }
  const misshapen = [...shapeProblems(config)];
  for (const problem of misshapen) yield `Stage "${name}": ${problem}`;
  if (misshapen.length > 0) return;
  for (const problem of settingsProblems(config)) yield `Stage "${name}": ${problem}`;
  const accounts = Object.entries(config.accounts);
  if (accounts.length === 0) yield `Stage "${name}" has no account: add at least one.`;
  if (accounts.length > maxAccounts) {
    yield `Stage "${name}" has ${accounts.length} accounts: move some to another stage; a stage holds at most ${maxAccounts}.`;
  }
  for (const problem of sizeProblems(config)) yield `Stage "${name}" ${problem}`;
  for (const [account, settings] of accounts) {
    for (const problem of accountProblems(account, settings)) yield `Stage "${name}", account "${account}": ${problem}`;
    if (settings.secretArn !== undefined) {
      yield* arnProblems(config.region, settings.secretArn, secretArn, `Stage "${name}", account "${account}": `);
    }
  }
}

function* sizeProblems(config: StageConfig): Generator<string> {
  const accounts = Object.values(config.accounts);
  const brought = accounts.filter(({ secretArn }) => secretArn !== undefined).length;
  if (brought > maxExistingSecrets) {
    yield `has ${brought} accounts with a secretArn: remove it from some, or move them to another stage; a stage holds at most ${maxExistingSecrets}.`;
  }
  const created = accounts.length - brought;
  const schedules = scheduleGroups(config.accounts).length;
  if (created + schedules > maxSecretsAndSchedules) {
    yield `needs ${created} secrets and ${schedules} schedules: set secretArn in some accounts, remove ownSchedule, or move some accounts to another stage; a stage holds at most ${maxSecretsAndSchedules} of both together.`;
  }
}

function* settingsProblems(config: StageConfig): Generator<string> {
  yield* unknownSettings(config, stageSettings);
  for (const setting of ['protect', 'reserveConcurrency', 'xray'] as const) {
    const value = config[setting];
    const isGiven = value !== undefined || setting === 'protect';
    if (isGiven && typeof value !== 'boolean') yield `set ${setting} to true or false (it is "${value}").`;
  }
  if (!['full', 'essential', undefined].includes(config.monitoring)) {
    yield `set monitoring to full or essential (it is "${config.monitoring}").`;
  }
  const { rate, burst } = config.throttle;
  if (!(rate > 0)) yield `set throttle.rate to more than 0 (it is ${rate}): otherwise no request gets through.`;
  if (!(Number.isInteger(burst) && burst >= 1)) {
    yield `set throttle.burst to a whole number of at least 1 (it is ${burst}): otherwise no request gets through.`;
  }
  const days = Object.values(RetentionDays).filter((value) => typeof value === 'number');
  if (config.logRetention === RetentionDays.INFINITE) {
    yield 'set logRetention to a number of days: RetentionDays.INFINITE would keep the logs, and their cost, forever.';
  } else if (!days.includes(config.logRetention)) {
    yield `set logRetention to a number of days that CloudWatch supports, such as 14, 90 or 365 (it is ${config.logRetention}).`;
  }
  if (config.region !== undefined && !/^[a-z]{2}(-[a-z]+)+-\d$/.test(config.region)) {
    yield `set region to the name of an AWS region, such as eu-west-1 (it is "${config.region}").`;
  }
  if (config.kmsKeyArn !== undefined && config.region === undefined) {
    yield 'set region, because kmsKeyArn is set: a key encrypts in its own region only.';
  }
  for (const wanted of stageArns) {
    const arn = config[wanted.setting];
    if (arn !== undefined) yield* arnProblems(config.region, arn, wanted);
  }
  yield* authProblems(config);
  yield* syntheticCheckProblems(config);
  for (const [key, value] of Object.entries(config.tags)) {
    if (!/^(?!aws:)[\w .:/=+@-]{1,128}$/i.test(key) || !/^[\w .:/=+@-]{0,256}$/.test(value)) {
      yield `change the tag "${key}"="${value}": AWS allows letters, digits, spaces and _.:/=+-@, and no aws: prefix.`;
    }
  }
}

function* authProblems({ auth = { kind: 'iam' }, cors }: StageConfig): Generator<string> {
  if (auth.kind === 'jwt') yield* tokenProblems(auth);
  else if (auth.kind !== 'iam') yield 'set auth.kind to iam or jwt.';
  if (cors === undefined) return;
  if (auth.kind !== 'jwt')
    yield 'remove cors, or set auth.kind to jwt: a browser has no AWS key to sign requests with.';
  if (cors.origins.length === 0) yield 'list at least one origin in cors.origins, or remove cors.';
  for (const origin of cors.origins) {
    if (origin === '*') {
      yield "list the origins in cors.origins one by one: with *, any web site could request orders with a visitor's token.";
    } else if (!/^https:\/\/[a-z0-9.-]+(:\d+)?$/.test(origin)) {
      yield `write the origin "${origin}" as https:// and a host, such as https://desk.example.com.`;
    }
  }
}

function* tokenProblems({ issuer, audience, accountsClaim }: AuthConfig & { kind: 'jwt' }): Generator<string> {
  if (typeof accountsClaim !== 'string' || !/^\S{1,256}$/.test(accountsClaim)) {
    yield "set auth.accountsClaim to the claim that lists the caller's accounts: without it, any token would give access to every account.";
  }
  if (!URL.canParse(issuer) || new URL(issuer).protocol !== 'https:') {
    yield 'set auth.issuer to the https address in the iss claim of your tokens, such as https://login.example.com/.';
  }
  if (!Array.isArray(audience) || audience.length === 0 || audience.includes('')) {
    yield 'list in auth.audience the aud claims of tokens for this API: without them, tokens for any other API would be accepted.';
  }
}

function* syntheticCheckProblems({ syntheticCheck, accounts }: StageConfig): Generator<string> {
  if (syntheticCheck === undefined) return;
  const { account, orderId } = syntheticCheck;
  if (!Object.hasOwn(accounts, account)) {
    yield `set syntheticCheck.account to an account of this stage (it is "${account}").`;
  }
  if (!orderIdPattern.test(orderId)) {
    yield 'set syntheticCheck.orderId to the id of an order that stays live at the exchange: 1 to 64 characters from A-Z, a-z, 0-9 and ._-.';
  }
}

/** A hundred years: more is forever. */
const maxHistoryDays = 36_500;

function* accountProblems(account: string, settings: AccountConfig): Generator<string> {
  if (!accountPattern.test(account)) yield 'rename it: an account name is 1 to 32 characters from a-z, 0-9 and -.';
  if (account in Object.prototype) yield 'rename it: every JavaScript object has a member of this name.';
  yield* unknownSettings(settings, accountSettingNames);
  const url = settings.url === undefined ? undefined : urlProblem(settings.url);
  if (url !== undefined) yield url;
  const { historyDays: days } = settings;
  if (days !== undefined && !(Number.isInteger(days) && days >= 1 && days <= maxHistoryDays)) {
    yield `set historyDays to a whole number from 1 to ${maxHistoryDays}, or remove it to keep the history forever (it is ${days}).`;
  }
  for (const setting of ['lists', 'discover', 'ownSchedule'] as const) {
    const value = settings[setting];
    if (value !== undefined && typeof value !== 'boolean') yield `set ${setting} to true or false (it is "${value}").`;
  }
  if (Object.hasOwn(dialects, settings.dialect)) {
    yield* limitProblems(settings);
    yield* listProblems(settings);
  } else yield `set dialect to one of ${Object.keys(dialects).join(', ')} (it is "${settings.dialect}").`;
}

function* listProblems(settings: AccountConfig): Generator<string> {
  const { minListSeconds: min, maxListSeconds: max, maxCheckSeconds: limit } = withDefaults(settings);
  if (!(Number.isInteger(min) && Number.isInteger(max) && min >= 1)) {
    yield `set minListSeconds and maxListSeconds to whole numbers of at least 1 (they are ${min} and ${max}).`;
  }
  if (min > max) yield `lower minListSeconds (${min}) to at most maxListSeconds (${max}).`;
  if (settings.maxListSeconds !== undefined && max > limit) {
    yield `lower maxListSeconds from ${max} to at most maxCheckSeconds (${limit}): otherwise lists come too late to see an order close.`;
  }
}

function* limitProblems(settings: AccountConfig): Generator<string> {
  const { dialect } = settings;
  const {
    keepsClosedOrdersSeconds: keeps,
    shareOfRate,
    minCheckSeconds: min,
    maxCheckSeconds: max,
  } = withDefaults(settings);
  const known = retentionSecondsOf(dialect);
  if (!(Number.isInteger(keeps) && keeps >= 3 && keeps <= known)) {
    yield `set keepsClosedOrdersSeconds to a whole number from 3 to ${known}, the time for which ${dialect} is known to keep closed orders (it is ${keeps}).`;
    return;
  }
  const limit = maxCheckSecondsLimit(keeps);
  if (max > limit) {
    yield `lower maxCheckSeconds from ${max} to at most ${limit}, a third of the time for which the exchange keeps closed orders (${keeps} s): otherwise an order can close and be forgotten unseen.`;
  }
  if (!(Number.isInteger(min) && Number.isInteger(max) && min >= 1)) {
    yield `set minCheckSeconds and maxCheckSeconds to whole numbers of at least 1 (they are ${min} and ${max}).`;
  }
  if (min > max) yield `lower minCheckSeconds (${min}) to at most maxCheckSeconds (${max}).`;
  if (!(shareOfRate > 0 && shareOfRate <= 1)) {
    yield `set shareOfRate to more than 0 and at most 1 (it is ${shareOfRate}): it is the part of the exchange's rate limit that this stack uses.`;
  }
}

type WantedArn = { readonly setting: string; readonly pattern: RegExp; readonly is: string };

/** The region is the fourth part of an ARN; a policy has none. */
const stageArns = [
  {
    setting: 'alarmTopicArn',
    pattern: /^arn:aws[a-z-]*:sns:[a-z0-9-]+:\d{12}:[\w-]{1,256}$/,
    is: 'a standard SNS topic, such as arn:aws:sns:eu-west-1:111122223333:desk-pager',
  },
  {
    setting: 'kmsKeyArn',
    pattern: /^arn:aws[a-z-]*:kms:[a-z0-9-]+:\d{12}:key\/[\w-]{1,64}$/,
    is: 'a KMS key, not of an alias, such as arn:aws:kms:eu-west-1:111122223333:key/1a2b3c4d-0000-4444-8888-123456789abc',
  },
  {
    setting: 'eventBusArn',
    pattern: /^arn:aws[a-z-]*:events:[a-z0-9-]+:\d{12}:event-bus\/[\w./-]{1,256}$/,
    is: 'an event bus, such as arn:aws:events:eu-west-1:111122223333:event-bus/desk',
  },
  {
    setting: 'permissionsBoundaryArn',
    pattern: /^arn:aws[a-z-]*:iam::(\d{12}|aws):policy\/[\w+=,.@/-]{1,512}$/,
    is: 'an IAM policy, such as arn:aws:iam::111122223333:policy/boundary',
  },
] as const satisfies (WantedArn & { readonly setting: keyof StageConfig })[];

/** Without the 6 characters IAM would match no secret; with a * in their place, secrets of other names too. */
const secretArn: WantedArn = {
  setting: 'secretArn',
  pattern: /^arn:aws[a-z-]*:secretsmanager:[a-z0-9-]+:\d{12}:secret:[\w/+=.@-]{1,512}-[A-Za-z0-9]{6}$/,
  is: 'a secret, including the - and the 6 characters that Secrets Manager appended, such as arn:aws:secretsmanager:eu-west-1:111122223333:secret:desk/key-a1B2c3',
};

function* arnProblems(
  region: string | undefined,
  arn: string,
  { setting, pattern, is }: WantedArn,
  of = '',
): Generator<string> {
  if (!pattern.test(arn)) {
    yield `${of}set ${setting} to the ARN of ${is} (it is "${arn}").`;
    return;
  }
  const [, , , its = ''] = arn.split(':');
  if (region !== undefined && its !== '' && its !== region) {
    yield `${of}set ${setting} to one in ${region}, the region of the stage (it is in ${its}).`;
  }
}

/** Every setting that there is: TypeScript checks these lists against the types. */
const stageSettings: Readonly<Record<keyof StageConfig, true>> = {
  accounts: true,
  protect: true,
  logRetention: true,
  throttle: true,
  reserveConcurrency: true,
  region: true,
  auth: true,
  cors: true,
  alarmTopicArn: true,
  kmsKeyArn: true,
  eventBusArn: true,
  permissionsBoundaryArn: true,
  xray: true,
  syntheticCheck: true,
  monitoring: true,
  tags: true,
};
const accountSettingNames: Readonly<Record<keyof AccountConfig, true>> = {
  dialect: true,
  url: true,
  minCheckSeconds: true,
  maxCheckSeconds: true,
  keepsClosedOrdersSeconds: true,
  shareOfRate: true,
  lists: true,
  discover: true,
  minListSeconds: true,
  maxListSeconds: true,
  ownSchedule: true,
  historyDays: true,
  secretArn: true,
};

function* unknownSettings(given: object, known: Readonly<Record<string, true>>): Generator<string> {
  for (const setting of Object.keys(given)) {
    if (!Object.hasOwn(known, setting)) {
      yield `remove the unknown setting "${setting}"; the settings are ${Object.keys(known).join(', ')}.`;
    }
  }
}

const loopback = new Set(['localhost', '127.0.0.1', '[::1]']);

function urlProblem(text: string): string | undefined {
  // The text is not quoted back: a key pasted into it would end up in a build log.
  if (!URL.canParse(text)) return 'set url to a complete address, such as https://api.orangex.com/api/v1.';
  const url = new URL(text);
  if (url.protocol !== 'https:' && !(url.protocol === 'http:' && loopback.has(url.hostname))) {
    return `use https in url (it is ${url.protocol}//${url.hostname}); plain http is allowed for this machine only.`;
  }
  if (url.username !== '' || url.password !== '' || url.search !== '' || url.hash !== '') {
    return 'remove user, password, query and # from url: keys belong in the secret.';
  }
  if (text.endsWith('/')) return `remove the slash at the end of url: the method's path is appended to it.`;
  return undefined;
}
