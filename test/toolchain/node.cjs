// Runs a script on Node 24, the version that Lambda runs:
//
//   node test/toolchain/node.cjs SCRIPT [ARGUMENT ...]
//
// The lock file brings a Node for most platforms. Where it brings none that starts, the machine's own is used if it is
// 24 or later. Any Node from 12 on understands this file, and it needs nothing that npm links: npm before 11.6 links no
// commands of the packages that a `file:` dependency brings.
// biome-ignore-all lint/style/useNodejsImportProtocol: Node 12 does not know the protocol.

const { spawn } = require('child_process');
const { dirname, join } = require('path');
const { optionalDependencies } = require('./package.json');

/** The running script. */
let child;

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, pass);
run(candidates());
// npm passes a signal on to its shell, and the shell to nobody. Only under npm: another parent may end before its job.
const orphaned = process.env.npm_lifecycle_event && setInterval(endOrphan, 500, process.ppid).unref();

/** The Node binaries to try, the preferred one first. */
function candidates() {
  const own = Number(process.versions.node.split('.')[0]) >= 24 ? [process.execPath] : [];
  // The registry's only Node 24 for macOS on ARM is 24.0.0, which prints a warning for every script in TypeScript.
  const ownFirst = process.platform === 'darwin' && process.arch === 'arm64';
  return ownFirst ? [...own, ...installed()] : [...installed(), ...own];
}

/** What npm has installed for this platform: found by Node's own search, so wherever npm has put it. */
function installed() {
  const platform = `${process.platform.replace('win32', 'win')}-${process.arch}`;
  const name = Object.keys(optionalDependencies).find((key) => key.startsWith('node-') && key.endsWith(platform));
  try {
    const manifest = require.resolve(`${name}/package.json`);
    return [join(dirname(manifest), require(manifest).bin.node)];
  } catch (error) {
    if (error.code === 'MODULE_NOT_FOUND') return [];
    throw error;
  }
}

function run([node, ...others]) {
  if (node === undefined) return giveUp();
  child = spawn(node, process.argv.slice(2), { stdio: 'inherit' });
  // A binary that was made for glibc does not start on Alpine.
  child.once('error', () => child.pid === undefined && run(others));
  child.once('exit', (code, signal) => {
    if (signal === null) process.exit(code);
    process.removeAllListeners(signal);
    process.kill(process.pid, signal);
  });
}

/** A terminal sends SIGINT and SIGHUP to the script, too: passed on, they would arrive twice. */
function pass(signal) {
  clearInterval(orphaned);
  if (signal === 'SIGTERM' || !process.stdin.isTTY) child.kill(signal);
}

/** The parent has ended and sent no signal: the script must not stay. */
function endOrphan(parent) {
  if (process.ppid === parent) return;
  clearInterval(orphaned);
  child.kill();
}

function giveUp() {
  const platform = `${process.platform} on ${process.arch}`;
  console.error(
    `Node 24 or later is needed, but this machine has ${process.version} and node_modules none that runs on ${platform}: ` +
      'run `npm ci`, or install Node 24 if you have run it.',
  );
  process.exitCode = 1;
}
