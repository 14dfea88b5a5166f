import { execFile } from 'node:child_process';
import { promisify, stripVTControlCharacters } from 'node:util';
import { describe, expect, it } from 'vitest';
import { killLaunched, start } from './launch.ts';
import { orderTable, summary } from './terminal.ts';

const run = promisify(execFile);
const running = {
  exchangeUrl: 'http://127.0.0.1:41234/api/v1',
  logFile: '/tmp/order-state-snapshots-AbCdEf/functions.log',
  stack: {
    routes: Array(10),
    functions: Array(10),
    tables: Array(1),
    secretNames: Array(1),
    mappings: Array(1),
    schedules: [{ expression: 'rate(1 minute)' }],
  },
};
const how = { dialect: 'orangex', builtIn: true, data: undefined, every: 5 };
const order = { order_id: '39', order_state: 'open', last_update_timestamp: 1_597_129_894_026 };

it('the summary that npm start prints has its notes in a column where the terminal is wide enough', () => {
  expect(summary(running, how, 110).split('\n')).toEqual([
    '  Exchange   http://127.0.0.1:41234/api/v1                                      built in, speaks orangex',
    '  Stack      10 routes, 10 functions, 1 table, 1 secret, 1 schedule, 1 stream   as synthesized',
    '  Table      in memory                                                          --data FOLDER to keep it',
    '  Checks     every 5 s                                                          rate(1 minute) on AWS',
    '  Logs       /tmp/order-state-snapshots-AbCdEf/functions.log',
  ]);
});

it('the summary that npm start prints has its notes below on a narrow terminal, and long values on several lines', () => {
  expect(summary(running, how, 60).split('\n')).toEqual([
    '  Exchange   http://127.0.0.1:41234/api/v1',
    '             built in, speaks orangex',
    '  Stack      10 routes, 10 functions, 1 table, 1 secret, 1',
    '             schedule, 1 stream',
    '             as synthesized',
    '  Table      in memory',
    '             --data FOLDER to keep it',
    '  Checks     every 5 s',
    '             rate(1 minute) on AWS',
    '  Logs       /tmp/order-state-snapshots-AbCdEf/functions.log',
  ]);
});

it('npm start prints an order that fits a narrow terminal', () => {
  const lines = orderTable({ account: 'main', order, final: false }, 40).split('\n');
  expect(lines).toContain('  last_update_timestamp   1597129894026');
  expect(lines).toContain('                          2020-08-11T07:11:34.026Z');
});

const inTerminal = 'exec script --quiet --return --command "stty cols 60; exec $(printf \'%s \' "$@")" /dev/null';

/** Bold and dim text in a terminal of 60 columns: script, of every Linux, is one. */
describe.skipIf(process.platform !== 'linux')('a terminal of 60 columns', () => {
  const escapesIn = (shown: string) => shown.split('\u001b[').length - 1;

  it('npm start uses colours, and prints nothing wider than a terminal of 60 columns but addresses and commands', {
    timeout: 180_000,
  }, async () => {
    // The folder as users have it: that of the tests' own run is longer than a line.
    const env = { TERM: 'xterm', TMPDIR: '/tmp' };
    const { exit, child, shown } = await start(['--no-demo'], env, ['sh', '-c', inTerminal, 'sh']);
    child.kill('SIGINT');
    await exit;
    killLaunched();
    expect(escapesIn(shown())).toBeGreaterThan(10);
    const lines = stripVTControlCharacters(shown()).replaceAll('\r', '').split('\n');
    const wide = lines.filter((line) => line.length > 60).map((line) => line.trim().split(' ')[0]);
    expect(wide.filter((name) => !['Try', 'Watch', 'Operate'].includes(name ?? ''))).toEqual([]);
  });

  it.each([
    ['no colours with NO_COLOR', '1', 0],
    ['colours without NO_COLOR', undefined, 2],
  ])('npm start prints %s', async (_, noColor, escapes) => {
    const code = `import("${new URL('terminal.ts', import.meta.url).pathname}").then((terminal) => console.log(terminal.title))`;
    const command = `${process.execPath} --eval '${code}'`;
    const env = { ...process.env, NO_COLOR: noColor, TERM: 'xterm' };
    const { stdout } = await run('script', ['--quiet', '--return', '--command', command, '/dev/null'], { env });
    expect(stdout).toContain('Order state snapshots');
    expect(escapesIn(stdout)).toBe(escapes);
  });
});
