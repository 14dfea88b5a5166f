import { accountPattern } from '../../lib/stage.ts';

export const text = { type: 'string' } as const;
export const flag = { type: 'boolean', default: false } as const;

/** What every command takes. */
export const shared = { stage: text, table: text, region: text, endpoint: text, json: flag, help: flag } as const;

export const sharedHelp = `  --stage NAME    the stage that is meant
  --table NAME    its table, if it is not the stage's
  --region R      AWS region (default: that of the environment or of the AWS profile)
  --endpoint URL  one address for all of AWS, such as npm start shows; there --stage and --table can be left out
  --json          answer in JSON
  --help          show this
`;

/** Which stack is meant. */
export type Place = {
  readonly stage: string | undefined;
  readonly table: string | undefined;
  readonly region: string | undefined;
  readonly endpoint: string | undefined;
};

/** Wrong options: what an operator reads in one line, without its full stop. */
export class Refusal extends Error {}

/** Throws `Refusal` when the options name no stack, or an endpoint that would be spoken to without encryption. */
export function placeOf({ stage, table, region, endpoint }: Partial<Place>): Place {
  if (endpoint !== undefined && !isLoopback(endpoint) && !/^https:\/\/[^/]+\/?$/.test(endpoint))
    throw new Refusal('--endpoint takes an https address (http only to this machine)');
  if ((stage ?? table ?? endpoint) === undefined) throw new Refusal('give --stage or --table');
  return { stage, table, region, endpoint };
}

export function isLoopback(url: string): boolean {
  const { protocol = '', hostname = '' } = URL.parse(url) ?? {};
  return /^https?:$/.test(protocol) && /^(localhost|127\.0\.0\.1|\[::1\])$/.test(hostname);
}

export function accountOf(account = '', what = '--account'): string {
  if (!accountPattern.test(account)) throw new Refusal(`give the ${what}, 1 to 32 of a-z, 0-9 and -`);
  return account;
}

/** A whole number of an option, or what holds without it. */
export function wholeNumber(name: string, given: string, least: number, most: number): number {
  if (/^\d{1,9}$/.test(given) && +given >= least && +given <= most) return +given;
  throw new Refusal(`--${name} takes a whole number from ${least} to ${most}`);
}

/** A time of an option, in milliseconds since the Unix epoch. */
export function timeOf(name: string, given = ''): number {
  const time = Date.parse(given);
  if (!/^\d{4}-\d\d-\d\d(T.+(Z|[+-]\d\d:\d\d))?$/.test(given) || Number.isNaN(time))
    throw new Refusal(`--${name} takes a date, or a time with Z or an offset, such as 2026-01-01T12:00:00Z`);
  return time;
}

/** One of a few words. */
export function oneOf<Word extends string>(name: string, words: readonly Word[], given: string): Word {
  const word = words.find((known) => known === given);
  if (word === undefined) throw new Refusal(`--${name} takes ${words.join(', ').replace(/, (?=[^,]*$)/, ' or ')}`);
  return word;
}
