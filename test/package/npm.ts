import { execFile } from 'node:child_process';
import { chmod, mkdir, readFile, rename, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import * as z from 'zod/mini';

const run = promisify(execFile);
const Manifest = z.object({
  name: z.string(),
  bin: z.record(z.string(), z.string()),
  dependencies: z.record(z.string(), z.string()),
});

/** Whether there is a registry that has this package. */
export async function canInstall(name: string): Promise<boolean> {
  return await run('npm', ['view', name, 'version', '--fetch-retries', '0', '--fetch-timeout', '20000']).then(
    ({ stdout }) => stdout !== '',
    () => false,
  );
}

/** Makes a folder a project and installs packages there, by name or from a file. None of their scripts runs. */
export async function install(folder: string, ...packages: readonly string[]): Promise<void> {
  await writeFile(join(folder, 'package.json'), '{"private":true,"type":"module"}');
  await run('npm', ['install', '--prefix', folder, '--prefer-offline', '--ignore-scripts', '--no-audit', ...packages], {
    cwd: folder,
  });
}

/**
 * Unpacks an archive into a folder's node_modules, with what its manifest names and nothing else: by links to what the
 * repository at `root` has installed, for npm takes 20 s of CPU.
 */
export async function link(folder: string, archive: string, root: string): Promise<void> {
  const modules = join(folder, 'node_modules');
  const unpacked = join(modules, 'unpacked');
  await mkdir(unpacked, { recursive: true });
  await run('tar', ['-xzf', archive, '-C', unpacked, '--strip-components', '1']);
  const { name, bin, dependencies } = Manifest.parse(
    JSON.parse(await readFile(join(unpacked, 'package.json'), 'utf8')),
  );
  await rename(unpacked, join(modules, name));
  await Promise.all(Object.keys(dependencies).map((dependency) => linkModule(folder, dependency, root)));
  await mkdir(join(modules, '.bin'));
  for (const [command, script] of Object.entries(bin)) {
    await chmod(join(modules, name, script), 0o755);
    await symlink(join('..', name, script), join(modules, '.bin', command));
  }
}

/** Links one module of the repository at `root`. */
export async function linkModule(folder: string, name: string, root: string): Promise<void> {
  const path = join(folder, 'node_modules', name);
  await mkdir(dirname(path), { recursive: true });
  await symlink(join(root, 'node_modules', name), path, 'junction');
}

/** Packs the repository at `root` as npm publishes it; returns the path of the archive. */
export async function pack(root: string, folder: string): Promise<string> {
  const { stdout } = await run('npm', ['pack', '--pack-destination', folder, '--cache', join(folder, 'npm')], {
    cwd: root,
  });
  return join(folder, stdout.trim().split('\n').at(-1) ?? '');
}
