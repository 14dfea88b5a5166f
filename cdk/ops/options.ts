import { orderIdPattern } from '../../lib/exchange/order.ts';
import { accountPattern } from '../../lib/stage/stage.ts';
import { createCommand, UsageError } from './command-line.ts';

/** Which stack a command works on, as its options say. */
export type Target = {
  readonly stage?: string | undefined;
  readonly table?: string | undefined;
  readonly region?: string | undefined;
  readonly endpoint?: string | undefined;
};

/** A command that works on a stack. */
export function createStackCommand(name: string) {
  return createCommand(name)
    .optionsGroup('Stack:')
    .option('--stage <name>', 'name of the stage')
    .option('--table <name>', "name of the table, if it is not the stage's")
    .option('--region <name>', 'AWS region (default: that of the environment or of the AWS profile)')
    .option(
      '--endpoint <url>',
      'one address for all AWS services, as npm start prints it; no --stage is needed',
      endpointUrl,
    )
    .optionsGroup('Options:')
    .option('--json', 'print JSON');
}

/** Throws `UsageError` when the options name no stack. */
export function targetOf({ stage, table, region, endpoint }: Target): Target {
  if ((stage ?? table ?? endpoint) === undefined) throw new UsageError('Give --stage or --table');
  return { stage, table, region, endpoint };
}

/** Throws `UsageError` for an endpoint whose traffic would not be encrypted. */
export function endpointUrl(url: string): string {
  if (isLoopback(url) || /^https:\/\/[^/]+\/?$/.test(url)) return url;
  throw new UsageError('--endpoint takes an https address (http only on this machine)');
}

export function isLoopback(url: string): boolean {
  const { protocol = '', hostname = '' } = URL.parse(url) ?? {};
  return /^https?:$/.test(protocol) && /^(localhost|127\.0\.0\.1|\[::1\])$/.test(hostname);
}

/** The value of --account. */
export function accountName(name: string): string {
  if (!accountPattern.test(name)) throw new UsageError('--account takes 1 to 32 of a-z, 0-9 and -');
  return name;
}

/** The id of an order. */
export function orderIdText(option: string) {
  return (id: string): string => {
    if (orderIdPattern.test(id)) return id;
    throw new UsageError(`${option} takes the id of one order`);
  };
}

/** A time of an option, in milliseconds since the Unix epoch. */
export function timeOption(option: string) {
  return (given: string): number => {
    const time = Date.parse(given);
    if (!/^\d{4}-\d\d-\d\d(T.+(Z|[+-]\d\d:\d\d))?$/.test(given) || Number.isNaN(time))
      throw new UsageError(`${option} takes a date, or a time with Z or an offset, such as 2026-01-01T12:00:00Z`);
    return time;
  };
}

export const sinceText = 'a date (UTC), or a time with Z or an offset';
