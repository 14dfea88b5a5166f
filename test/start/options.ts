import { addExamples, createCommand, listed, runCommand, UsageError } from '../../cdk/ops/command-line.ts';
import { accountName, isLoopback } from '../../cdk/ops/options.ts';
import { type DialectName, dialectNames } from '../../lib/exchange/dialects/index.ts';

const defaultPort = 3000;
const defaultDialect: DialectName = 'orangex';
const defaultEvery = 5;
/** The period on AWS. */
const maxEverySeconds = 60;

type Environment = Readonly<Record<string, string | undefined>>;

/** An exchange key; only ever handed to Secrets Manager. */
type ExchangeKey = { readonly clientId: string; readonly clientSecret: string };

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

export type Requested =
  | Options
  | { readonly kind: 'help'; readonly text: string }
  | { readonly kind: 'wrong'; readonly line: string };

const name = 'npm start --';

/** The command line or the machine does not allow a run. The message says what to do, without its full stop. */
export class WrongOption extends UsageError {
  /** The one line for the terminal. */
  get line(): string {
    return `${this.message}. See: ${name} --help`;
  }
}

function createStartCommand() {
  const command = createCommand(name)
    .description(
      `Runs the whole stack on this machine: the synthesized template with its Lambda bundles, its table, its routes, its
schedules and its events. Without options it also runs a built-in exchange and a demo that trades on it.`,
    )
    .option('--port <n>', 'port of the HTTP API; 0 takes any free one', portNumber, defaultPort)
    .option('--account <name>', 'name of the account that orders belong to', accountName, 'main')
    .option('--dialect <name>', `dialect of the exchange: ${listed(dialectNames)} (default: ${defaultDialect})`)
    .option(
      '--exchange <url>',
      `a real test exchange, read only; needs --dialect, and its key in EXCHANGE_CLIENT_ID and EXCHANGE_CLIENT_SECRET`,
      exchangeUrl,
    )
    .option('--data <folder>', 'keep the table in a folder instead of in memory', folderName)
    .option(
      '--every <seconds>',
      `how often each schedule fires, 1 to ${maxEverySeconds}; on AWS a minute is the minimum`,
      seconds,
      defaultEvery,
    )
    .option('--no-demo', 'no demo: the built-in exchange then holds a single old order')
    .option('--verbose', 'show what the functions log');
  addExamples(command, ['--port 8080 --data .local', 'another port; keep the table between runs']);
  return command;
}

/** Reads the command line. Pure: what is wrong comes back as one line that says what to do. */
export async function parseOptions(args: readonly string[], env: Environment): Promise<Requested> {
  const option = swallowedOption(env);
  if (option !== undefined) {
    const wrong = new WrongOption(
      `npm took ${option} for itself: put two dashes first, as in npm start -- --port 8080`,
    );
    return { kind: 'wrong', line: wrong.line };
  }
  const run: Options[] = [];
  let [text, line] = ['', ''];
  const command = createStartCommand().action(({ exchange: url, dialect, data, verbose = false, ...values }) => {
    if (url !== undefined && dialect === undefined)
      throw new UsageError(`--exchange needs --dialect ${dialectNames.join(' or --dialect ')}`);
    const exchange = url === undefined ? undefined : { url, key: keyFromEnvironment(env) };
    const demo = values.demo && exchange === undefined;
    run.push({
      kind: 'run',
      ...values,
      dialect: dialectNamed(dialect ?? defaultDialect),
      exchange,
      data,
      demo,
      verbose,
    });
  });
  await runCommand(command, args, {
    out: (written) => {
      text += written;
    },
    log: (written) => {
      line += written;
    },
  });
  return run[0] ?? (line === '' ? { kind: 'help', text } : { kind: 'wrong', line: line.trimEnd() });
}

/** What npm reads as its own option, if it comes before the two dashes. `--verbose` is one of npm's, too. */
const swallowed = {
  npm_config_account: '--account',
  npm_config_data: '--data',
  npm_config_demo: '--no-demo',
  npm_config_dialect: '--dialect',
  npm_config_every: '--every',
  npm_config_exchange: '--exchange',
  npm_config_port: '--port',
};

function swallowedOption(env: Environment): string | undefined {
  return Object.entries(swallowed).find(([variable]) => env[variable] !== undefined)?.[1];
}

function portNumber(text: string): number {
  if (/^\d{1,5}$/.test(text) && Number(text) <= 65_535) return Number(text);
  throw new UsageError('--port takes a number from 0 to 65535');
}

function seconds(text: string): number {
  if (/^\d{1,2}$/.test(text) && Number(text) >= 1 && Number(text) <= maxEverySeconds) return Number(text);
  throw new UsageError(`--every takes whole seconds from 1 to ${maxEverySeconds}`);
}

function folderName(text: string): string {
  if (text !== '') return text;
  throw new UsageError('--data takes a folder');
}

/** Throws when the exchange's dialect is not known. */
export function dialectNamed(name: string): DialectName {
  const dialect = dialectNames.find((known) => known === name);
  if (dialect === undefined) throw new WrongOption(`--dialect takes ${dialectNames.join(' or ')}`);
  return dialect;
}

function exchangeUrl(text: string): string {
  const url = URL.parse(text);
  if (url === null) throw new UsageError('--exchange takes a URL such as https://test.deribit.com/api/v2');
  if (url.protocol !== 'https:' && !(url.protocol === 'http:' && isLoopback(text))) {
    throw new UsageError('--exchange takes an https URL (http only to this machine)');
  }
  if (url.username !== '' || url.password !== '' || url.search !== '' || url.hash !== '') {
    throw new UsageError('--exchange takes a URL without user, query or fragment');
  }
  return text.replace(/\/+$/, '');
}

function keyFromEnvironment(env: Environment): ExchangeKey {
  const clientId = env['EXCHANGE_CLIENT_ID'];
  const clientSecret = env['EXCHANGE_CLIENT_SECRET'];
  if (!clientId || !clientSecret) {
    throw new UsageError(
      '--exchange needs the key in the environment: set EXCHANGE_CLIENT_ID and EXCHANGE_CLIENT_SECRET',
    );
  }
  return { clientId, clientSecret };
}
