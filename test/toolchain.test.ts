import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import * as z from 'zod/mini';

const root = fileURLToPath(new URL('..', import.meta.url));
const launcher = join(root, 'test/toolchain/node.cjs');
const read = (file: string): unknown => JSON.parse(readFileSync(join(root, file), 'utf8'));
const Toolchain = z.object({ optionalDependencies: z.record(z.string(), z.string()) });
const platform = `${process.platform.replace('win32', 'win')}-${process.arch}`;

describe('Node', () => {
  /** A project with nothing but the launcher. */
  let project: string;
  const { optionalDependencies } = Toolchain.parse(read('test/toolchain/package.json'));
  const name = Object.keys(optionalDependencies).find((key) => key.startsWith('node-') && key.endsWith(platform));

  beforeEach(({ skip }) => {
    skip(name === undefined || process.platform === 'win32', 'The stand-ins for Node are shell scripts.');
    project = mkdtempSync(join(tmpdir(), 'launcher-'));
    cpSync(dirname(launcher), join(project, 'test/toolchain'), { recursive: true });
    writeFileSync(
      join(project, 'old.cjs'),
      `Object.defineProperty(process, 'version', { value: 'v20.20.2' });
       Object.defineProperty(process, 'versions', { value: { node: '20.20.2' } });`,
    );
  });
  afterEach(() => rmSync(project, { recursive: true }));

  function installNode(folder: string, script: string): void {
    const home = join(project, folder, `${name}`);
    mkdirSync(join(home, 'bin'), { recursive: true });
    writeFileSync(join(home, 'package.json'), '{"bin":{"node":"bin/node"}}');
    writeFileSync(join(home, 'bin/node'), script);
    chmodSync(join(home, 'bin/node'), 0o755);
  }

  /** Runs the launcher on this Node, or on one that takes itself for Node 20. */
  function run(machine: 'new' | 'old') {
    const preload = machine === 'old' ? ['--require', join(project, 'old.cjs')] : [];
    const args = [...preload, join(project, 'test/toolchain/node.cjs'), '--print', '"own"'];
    const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' });
    return { status, stdout, stderr };
  }

  it.each(['node_modules', 'test/toolchain/node_modules'])(
    'npm scripts run on a Node 24 that is installed in %s',
    (folder) => {
      installNode(folder, '#!/bin/sh\necho "installed $*"\n');
      expect(run('old')).toEqual({ status: 0, stdout: 'installed --print "own"\n', stderr: '' });
    },
  );

  it('npm scripts run on a Node 24 of the machine, from 24 on, where none is installed', () => {
    expect(run('new')).toEqual({ status: 0, stdout: 'own\n', stderr: '' });
  });

  it("npm scripts run on a Node 24 of the machine where the installed one does not start, as glibc's on Alpine", () => {
    installNode('node_modules', '#!/lib/no-such-loader\n');
    expect(run('new')).toEqual({ status: 0, stdout: 'own\n', stderr: '' });
  });

  it.each([[''], ['#!/lib/no-such-loader\n']])(
    'npm scripts run on a Node 24 or say in one sentence what to do, if there is none (%j)',
    (script) => {
      if (script !== '') installNode('node_modules', script);
      const { status, stdout, stderr } = run('old');
      expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
      expect(stderr).toMatch(
        /^Node 24 or later is needed, but this machine has v20\.20\.2 [^\n]+: run `npm ci`[^\n]+\.\n$/,
      );
    },
  );
});

describe('launcher', () => {
  const start = (script: string) =>
    spawn(process.execPath, [launcher, '--eval', script], { stdio: ['ignore', 'pipe', 'inherit'] });

  it('a script that the launcher of npm scripts starts determines the exit code of the launcher', async () => {
    const child = start('process.exitCode = 7');
    expect(await once(child, 'exit')).toEqual([7, null]);
  });

  it('a script that the launcher of npm scripts starts ends the launcher by the signal that ended the script', async () => {
    const child = start('process.kill(process.pid, "SIGTERM")');
    expect(await once(child, 'exit')).toEqual([null, 'SIGTERM']);
  });

  it.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)(
    'a script that the launcher of npm scripts starts receives the signal %s',
    async (signal) => {
      const child = start(`
      process.once('${signal}', () => process.exit(5));
      setInterval(() => {}, 1000);
      console.log('ready');
    `);
      await once(child.stdout, 'data');
      child.kill(signal);
      expect(await once(child, 'exit')).toEqual([5, null]);
    },
  );

  it.for([
    ['SIGTERM', 'npm alone'],
    // A shell may keep SIGINT to itself while its command runs: then npm waits, too.
    ['SIGINT and SIGTERM', 'npm alone'],
    ['SIGTERM', 'the process group'],
    ['SIGINT', 'the process group'],
  ] as const)(
    '%s to %s ends the script that npm started, and its port is closed',
    { concurrent: true },
    async (how, { expect, skip }) => {
      skip(process.platform === 'win32', 'Windows has no signals.');
      const [signals, target] = how;
      const project = mkdtempSync(join(tmpdir(), 'npm-'));
      const script = `
      const server = require('http').createServer().listen(0, () => console.log('port ' + server.address().port));
      for (const signal of ['SIGTERM', 'SIGINT']) process.on(signal, () => { console.log('ends'); process.exit(); });
    `;
      writeFileSync(join(project, 'server.cjs'), script);
      writeFileSync(
        join(project, 'package.json'),
        JSON.stringify({ scripts: { start: `node ${launcher} server.cjs` } }),
      );
      const npm = spawn('npm', ['start'], { cwd: project, detached: true, stdio: ['ignore', 'pipe', 'ignore'] });
      let port = '';
      let shown = '';
      // The output ends when every process that could write to it has ended.
      for await (const chunk of npm.stdout) {
        shown += String(chunk);
        const [, found = ''] = /port (\d+)\n/.exec(shown) ?? [];
        if (port !== '' || found === '' || npm.pid === undefined) continue;
        port = found;
        for (const signal of ['SIGINT', 'SIGTERM'] as const) {
          if (!signals.includes(signal)) continue;
          if (target === 'npm alone') npm.kill(signal);
          else process.kill(-npm.pid, signal);
        }
      }
      expect(shown).toContain('ends\n');
      await expect(fetch(`http://127.0.0.1:${port}`)).rejects.toThrow('fetch failed');
      rmSync(project, { recursive: true });
    },
  );

  it('a script that npm started keeps running when the shell in which it runs in the background has ended', async () => {
    const project = mkdtempSync(join(tmpdir(), 'npm-'));
    const script = `console.log('ready'); setTimeout(() => console.log('still there'), 1500)`;
    writeFileSync(join(project, 'job.cjs'), script);
    writeFileSync(join(project, 'package.json'), JSON.stringify({ scripts: { start: `node ${launcher} job.cjs` } }));
    const shell = spawn('sh', ['-c', 'npm start &'], { cwd: project, stdio: ['ignore', 'pipe', 'ignore'] });
    expect(await text(shell.stdout)).toMatch(/ready\nstill there\n$/);
    rmSync(project, { recursive: true });
  });
});

describe('package.json', () => {
  const { scripts } = z.object({ scripts: z.record(z.string(), z.string()) }).parse(read('package.json'));
  const { app } = z.object({ app: z.string() }).parse(read('cdk.json'));
  const commands = Object.entries({ ...scripts, app }).flatMap(([script, line]) =>
    line.split(' && ').map((command) => [script, command] as const),
  );

  it.each(commands)('a command of package.json that %s uses is started on Node 24, in any shell: %s', (_, command) => {
    // npm itself, and what any Node can do before there is a node_modules.
    expect(command).toMatch(
      /^(node test\/toolchain\/node\.cjs (test|cdk|node_modules)\/|npm sbom |node -e "fs\.rmSync\()/,
    );
  });
});
