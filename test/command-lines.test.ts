import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

const root = fileURLToPath(new URL('..', import.meta.url));

function run(script: string, args: readonly string[]) {
  return new Promise<{ readonly code: number; readonly out: string; readonly stderr: string }>((resolve) => {
    execFile(process.execPath, [script, ...args], { cwd: root }, (error, out, stderr) => {
      resolve({ code: Number(error?.code ?? 0), out, stderr });
    });
  });
}

/** Every command of package.json that reads options, as people run it. */
it.each([
  ['test/start.ts', 'npm start --', ['--port', '70000'], '--port takes a number from 0 to 65535'],
  ['cdk/ops/main.ts', 'npm run ops --', ['oders'], "Unknown command 'oders' (Did you mean orders?)"],
  ['cdk/ops/smoke.ts', 'npm run smoke --', [], "Required option '--url <url>' not specified"],
  ['test/simulation/main.ts', 'npm run simulate --', ['--days', '0'], '--days takes a number of at least 0.05'],
  ['test/contract/main.ts', 'npm run contract --', ['--seed'], "Option '--seed <n>' argument missing"],
  ['test/peers/main.ts', 'npm run peers --', ['x'], 'Too many arguments. Expected 0 arguments but got 1'],
  ['test/fuzz/main.ts', 'npm run fuzz --', ['--seconds', '0'], '--seconds takes a whole number of at least 1'],
  ['test/mutants.ts', 'npm run mutants --', ['--al'], "Unknown option '--al'"],
  [
    'test/emulator/exchange/main.ts',
    'node test/emulator/exchange/main.ts',
    ['--dialect', 'ftx'],
    '--dialect takes orangex or deribit',
  ],
])('%s has a help, and ends with one line and exit code 2 on wrong options', async (script, name, args, line) => {
  const help = await run(script, ['--help']);
  expect(help).toMatchObject({ code: 0, stderr: '' });
  expect(help.out).toContain(`Usage: ${name} `);
  expect(await run(script, args)).toEqual({ code: 2, out: '', stderr: `${line}. See: ${name} --help\n` });
});
