import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { beforeAll, expect, it } from 'vitest';
import * as z from 'zod/mini';

const root = fileURLToPath(new URL('..', import.meta.url));

function run(script: string, args: readonly string[]) {
  return new Promise<{ readonly code: number; readonly out: string; readonly stderr: string }>((resolve) => {
    execFile(process.execPath, [script, ...args], { cwd: root }, (error, out, stderr) => {
      resolve({ code: Number(error?.code ?? 0), out, stderr });
    });
  });
}

/** The commands that read options, and what each says to wrong ones. */
const commands = [
  ['test/start.ts', 'npm start --', ['--port', '70000'], '--port takes a number from 0 to 65535'],
  ['cdk/ops/main.ts', 'npm run ops --', ['oders'], "Unknown command 'oders' (Did you mean orders?)"],
  ['cdk/ops/smoke.ts', 'npm run smoke --', [], "Required option '--url <url>' not specified"],
  ['test/simulation/main.ts', 'npm run simulate --', ['--days', '0'], '--days takes a number of at least 0.05'],
  ['test/contract/main.ts', 'npm run contract --', ['--seed'], "Option '--seed <n>' argument missing"],
  ['test/peers/main.ts', 'npm run peers --', ['x'], 'Too many arguments. Expected 0 arguments but got 1'],
  ['test/fuzz/main.ts', 'npm run fuzz --', ['--seconds', '0'], '--seconds takes a whole number from 1 to 86400'],
  ['test/mutants.ts', 'npm run mutants --', ['--al'], "Unknown option '--al'"],
  ['test/mutation/main.ts', 'npm run mutation --', ['a', 'b'], 'Too many arguments. Expected 1 argument but got 2'],
  ['test/faults/main.ts', 'npm run faults --', ['--only'], "Option '--only <text>' argument missing"],
  ['test/bench/main.ts', 'npm run bench --', ['--rounds', '0'], '--rounds takes a whole number from 1 to 100'],
  ['test/stock.ts', 'npm run stock --', ['--quik'], "Unknown option '--quik' (Did you mean --quick?)"],
  ['cdk/ops/price.ts', 'npm run price --', ['--stage', 'x'], 'There is no stage "x": choose one of dev, prod'],
  [
    'test/emulator/exchange/main.ts',
    'node test/emulator/exchange/main.ts',
    ['--dialect', 'ftx'],
    "error: option '--dialect <name>' argument 'ftx' is invalid. Allowed choices are orangex, deribit",
  ],
  [
    'test/simulation/main.ts',
    'npm run simulate --',
    ['--seeds', 'many'],
    '--seeds takes a whole number from 1 to 1000000',
  ],
  ['test/simulation/main.ts', 'npm run simulate --', ['--wrong'], "Unknown option '--wrong'"],
] as const;

const Ended = z.object({ code: z.number(), out: z.string(), stderr: z.string() });
let ended: readonly z.infer<typeof Ended>[];

// Loading takes most of the time of a command that says nothing but its usage.
beforeAll(async () => {
  const invocations = commands.flatMap(([script, , args]) => [
    [script, '--help'],
    [script, ...args],
  ]);
  const { out, stderr } = await run('test/command-lines.ts', [JSON.stringify(invocations)]);
  expect(stderr).toBe('');
  ended = z.array(Ended).parse(JSON.parse(out));
});

it.each(commands.map((command, index) => [index, ...command] as const))(
  'command line %i: %s has a help text, and ends with one line and exit code 2 on wrong options',
  (index, _, name, _args, line) => {
    const help = ended[2 * index];
    expect(help).toMatchObject({ code: 0, stderr: '' });
    expect(help?.out).toContain(`Usage: ${name} `);
    expect(help?.out).not.toMatch(/default: "\d*"/);
    expect(ended[2 * index + 1]).toEqual({ code: 2, out: '', stderr: `${line}. See: ${name} --help\n` });
  },
);

it('every script of package.json that is a program of this project is among the tested command lines', () => {
  const { scripts } = z
    .object({ scripts: z.record(z.string(), z.string()) })
    .parse(JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')));
  const programs = Object.values(scripts).flatMap(
    (script) => /^node test\/toolchain\/node\.cjs (\S+\.ts)$/.exec(script)?.[1] ?? [],
  );
  expect(programs.length).toBeGreaterThan(10);
  expect(programs.filter((program) => !commands.some(([script]) => script === program))).toEqual([]);
});

it('a command line that runs as its own process ends with the same line and exit code', async () => {
  const [script, name, args, line] = commands[1];
  expect(await run(script, args)).toEqual({ code: 2, out: '', stderr: `${line}. See: ${name} --help\n` });
});
