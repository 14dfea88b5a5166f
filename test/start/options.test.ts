import { expect, test } from 'vitest';
import { dialectNames } from '../../lib/exchange/dialects/index.ts';
import { parseOptions } from './options.ts';

const key = { EXCHANGE_CLIENT_ID: 'id', EXCHANGE_CLIENT_SECRET: 'secret' };
const defaults = {
  kind: 'run',
  port: 3000,
  account: 'main',
  dialect: 'orangex',
  exchange: undefined,
  data: undefined,
  every: 5,
  demo: true,
  verbose: false,
};
const remote = (url: string) => ({
  // No orders of ours at somebody's exchange.
  demo: false,
  exchange: { url, key: { clientId: 'id', clientSecret: 'secret' } },
});

test.each([
  ['nothing', [], defaults],
  [
    'everything',
    ['--port=0', '--account', 'desk-1', '--dialect', 'deribit', '--data', 'd', '--every=60', '--no-demo', '--verbose'],
    {
      ...defaults,
      port: 0,
      account: 'desk-1',
      dialect: 'deribit',
      data: 'd',
      every: 60,
      demo: false,
      verbose: true,
    },
  ],
  [
    'a real exchange',
    ['--exchange', 'https://test.deribit.com/api/v2/', '--dialect', 'deribit'],
    {
      ...defaults,
      dialect: 'deribit',
      ...remote('https://test.deribit.com/api/v2'),
    },
  ],
  [
    'an exchange on this machine',
    ['--exchange', 'http://127.0.0.1:9/api/v1', '--dialect', 'orangex'],
    {
      ...defaults,
      ...remote('http://127.0.0.1:9/api/v1'),
    },
  ],
  [
    'an exchange on this machine, IPv6',
    ['--exchange', 'http://[::1]:9', '--dialect', 'orangex'],
    {
      ...defaults,
      ...remote('http://[::1]:9'),
    },
  ],
])('npm start takes its options: %s', async (_, args, requested) => {
  expect(await parseOptions(args, key)).toEqual(requested);
});

const see = 'See: npm start -- --help';

test.each([
  [['--prot', '1'], `Unknown option '--prot' (Did you mean --port?). ${see}`],
  [['3000'], `Too many arguments. Expected 0 arguments but got 1. ${see}`],
  [['--port'], `Option '--port <n>' argument missing. ${see}`],
  [['--port', '65536'], `--port takes a number from 0 to 65535. ${see}`],
  [['--port', '-1'], `--port takes a number from 0 to 65535. ${see}`],
  [['--port', '1e3'], `--port takes a number from 0 to 65535. ${see}`],
  [['--account', 'Main'], `--account takes 1 to 32 of a-z, 0-9 and -. ${see}`],
  [['--dialect', 'ftx'], `--dialect takes ${dialectNames.join(' or ')}. ${see}`],
  [['--every', '0'], `--every takes whole seconds from 1 to 60. ${see}`],
  [['--every', '61'], `--every takes whole seconds from 1 to 60. ${see}`],
  [['--every', '1.5'], `--every takes whole seconds from 1 to 60. ${see}`],
  [['--no-demo=x'], `Unknown option '--no-demo=x' (Did you mean --no-demo?). ${see}`],
  [['--data', ''], `--data takes a folder. ${see}`],
  [['--exchange', 'https://x'], `--exchange needs --dialect ${dialectNames.join(' or --dialect ')}. ${see}`],
  [
    ['--exchange', 'nonsense', '--dialect', 'deribit'],
    `--exchange takes a URL such as https://test.deribit.com/api/v2. ${see}`,
  ],
  [
    ['--exchange', 'http://example.com', '--dialect', 'deribit'],
    `--exchange takes an https URL (http only to this machine). ${see}`,
  ],
  [
    ['--exchange', 'https://u:p@example.com', '--dialect', 'deribit'],
    `--exchange takes a URL without user, query or fragment. ${see}`,
  ],
])('npm start refuses wrong options: %j', async (args, line) => {
  expect(await parseOptions(args, key)).toEqual({ kind: 'wrong', line });
});

test.each([
  [['8080'], { npm_config_port: 'true' }, '--port'],
  [[], { npm_config_port: '8080' }, '--port'],
  [[], { npm_config_demo: '' }, '--no-demo'],
])('npm start refuses options before the two dashes, which go to npm: %j %j', async (args, env, option) => {
  expect(await parseOptions(args, env)).toEqual({
    kind: 'wrong',
    line: `npm took ${option} for itself: put two dashes first, as in npm start -- --port 8080. ${see}`,
  });
});

test.each([{}, { EXCHANGE_CLIENT_ID: 'id' }, { EXCHANGE_CLIENT_ID: '', EXCHANGE_CLIENT_SECRET: 'secret' }])(
  'npm start refuses a real exchange without its whole key: %j',
  async (env) => {
    expect(await parseOptions(['--exchange', 'https://x', '--dialect', 'deribit'], env)).toEqual({
      kind: 'wrong',
      line: `--exchange needs the key in the environment: set EXCHANGE_CLIENT_ID and EXCHANGE_CLIENT_SECRET. ${see}`,
    });
  },
);

test('the help of npm start names every option, in lines of at most 120 characters', async () => {
  const requested = await parseOptions(['--help'], {});
  const text = requested.kind === 'help' ? requested.text : '';
  for (const option of ['port', 'exchange', 'dialect', 'data', 'account', 'every', 'no-demo', 'verbose', 'help'])
    expect(text).toContain(`--${option}`);
  for (const line of text.split('\n')) expect(line.length).toBeLessThanOrEqual(120);
});
