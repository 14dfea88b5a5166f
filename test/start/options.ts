import { parseArgs } from 'node:util';
import { type DialectName, dialectNames } from '../../lib/exchange/dialects/index.ts';
import { accountPattern } from '../../lib/stage.ts';

const defaultPort = 3000;
const defaultEvery = 5;
/** A tick that came later than this would not be a stand-in for AWS's minute. */
const maxEverySeconds = 60;

/** An exchange key; only ever handed to Secrets Manager. */
export type ExchangeKey = { readonly clientId: string; readonly clientSecret: string };

/** What the command line and the environment ask for. */
export type Options = {
  readonly kind: 'run';
  readonly port: number;
  readonly account: string;
  readonly dialect: DialectName;
  /** A real exchange; without it the built-in one is started. */
  readonly exchange: { readonly url: string; readonly key: ExchangeKey } | undefined;
  readonly data: string | undefined;
  /** How often each schedule fires, in seconds. */
  readonly every: number;
  /** Orders come and go in the built-in exchange. */
  readonly demo: boolean;
  readonly verbose: boolean;
};

export type Requested = Options | { readonly kind: 'help' } | { readonly kind: 'wrong'; readonly line: string };

/** The command line asks for what cannot be. The message says what to do, in a sentence without its full stop. */
export class WrongOption extends Error {
  override readonly name = 'WrongOption';

  /** The one line for the terminal. */
  get line(): string {
    return `${this.message}. See: npm start -- --help`;
  }
}

export const help = `Runs the whole stack on this machine: the synthesized template with its Lambda bundles, its table, its routes, its
schedules and its events. Without options it brings an exchange of its own, in which orders come and go.

  npm start                                  start here
  npm start -- --port 8080 --data .local     another port; keep the table between runs

Options
  --port N           port of the HTTP API (default ${defaultPort}; 0 takes any free one)
  --account NAME     name of the account that orders belong to (default main)
  --dialect NAME     how the exchange speaks: ${dialectNames.join(' or ')} (default ${dialectNames[0]})
  --exchange URL     ask a real test exchange, read only; needs --dialect, and its key in the
                     environment as EXCHANGE_CLIENT_ID and EXCHANGE_CLIENT_SECRET
  --data DIR         keep the table in DIR instead of in memory
  --every SECONDS    how often each schedule fires, 1 to ${maxEverySeconds} (default ${defaultEvery}); on AWS a minute is the least
  --no-demo          let the built-in exchange rest, with one old order in it
  --verbose          show what the functions log
  --help             show this
`;

/** Reads the command line. Pure: what is wrong comes back as one line that says what to do. */
export function parseOptions(args: readonly string[], env: Readonly<Record<string, string | undefined>>): Requested {
  try {
    return read(args, env);
  } catch (error) {
    // parseArgs explains itself in several sentences; the first one names the option.
    const [sentence] = error instanceof Error ? error.message.split(/\. |\n/) : [];
    return { kind: 'wrong', line: new WrongOption(sentence?.replace(/\.$/, '')).line };
  }
}

/** What npm reads as an option of its own, if it stands before the two dashes. `--verbose` is one of npm's, too. */
const swallowed = {
  npm_config_account: '--account',
  npm_config_data: '--data',
  npm_config_demo: '--no-demo',
  npm_config_dialect: '--dialect',
  npm_config_every: '--every',
  npm_config_exchange: '--exchange',
  npm_config_port: '--port',
};

function read(args: readonly string[], env: Readonly<Record<string, string | undefined>>): Requested {
  for (const [variable, option] of Object.entries(swallowed)) {
    if (env[variable] === undefined) continue;
    throw new WrongOption(`npm took ${option} for itself: put two dashes first, as in npm start -- --port 8080`);
  }
  const { values } = parseArgs({
    args: [...args],
    options: {
      account: { type: 'string', default: 'main' },
      data: { type: 'string' },
      dialect: { type: 'string' },
      every: { type: 'string', default: String(defaultEvery) },
      exchange: { type: 'string' },
      help: { type: 'boolean', default: false },
      'no-demo': { type: 'boolean', default: false },
      port: { type: 'string', default: String(defaultPort) },
      verbose: { type: 'boolean', default: false },
    },
  });
  if (values.help) return { kind: 'help' };
  const port = Number(values.port);
  if (!/^\d+$/.test(values.port) || port > 65_535) throw new WrongOption(`--port takes a number from 0 to 65535`);
  if (!accountPattern.test(values.account))
    throw new WrongOption('--account takes lower-case letters, digits and hyphens');
  const dialect = dialectNamed(values.dialect ?? dialectNames[0] ?? '');
  if (values.data === '') throw new WrongOption('--data takes a folder');
  const every = Number(values.every);
  if (!/^\d+$/.test(values.every) || every < 1 || every > maxEverySeconds) {
    throw new WrongOption(`--every takes whole seconds from 1 to ${maxEverySeconds}`);
  }
  if (values.exchange !== undefined && values.dialect === undefined) {
    throw new WrongOption(`--exchange needs --dialect ${dialectNames.join(' or --dialect ')}`);
  }
  return {
    kind: 'run',
    port,
    account: values.account,
    dialect,
    exchange:
      values.exchange === undefined ? undefined : { url: exchangeUrl(values.exchange), key: keyFromEnvironment(env) },
    data: values.data,
    every,
    demo: !values['no-demo'] && values.exchange === undefined,
    verbose: values.verbose,
  };
}

/** Throws when the exchange's dialect is not known. */
export function dialectNamed(name: string): DialectName {
  const dialect = dialectNames.find((known) => known === name);
  if (dialect === undefined) throw new WrongOption(`--dialect takes ${dialectNames.join(' or ')}`);
  return dialect;
}

function exchangeUrl(text: string): string {
  const url = URL.parse(text);
  if (url === null) throw new WrongOption('--exchange takes a URL such as https://test.deribit.com/api/v2');
  const loopback = /^(localhost|127\.0\.0\.1|\[::1\])$/.test(url.hostname);
  if (url.protocol !== 'https:' && !(url.protocol === 'http:' && loopback)) {
    throw new WrongOption('--exchange takes an https URL (http only to this machine)');
  }
  if (url.username !== '' || url.password !== '' || url.search !== '' || url.hash !== '') {
    throw new WrongOption('--exchange takes a URL without user, query or fragment');
  }
  return text.replace(/\/+$/, '');
}

function keyFromEnvironment(env: Readonly<Record<string, string | undefined>>): ExchangeKey {
  const clientId = env['EXCHANGE_CLIENT_ID'];
  const clientSecret = env['EXCHANGE_CLIENT_SECRET'];
  if (!clientId || !clientSecret) {
    throw new WrongOption(
      '--exchange needs the key in the environment: set EXCHANGE_CLIENT_ID and EXCHANGE_CLIENT_SECRET',
    );
  }
  return { clientId, clientSecret };
}
