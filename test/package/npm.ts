import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Whether a registry answers that has this package. */
export async function canInstall(name: string): Promise<boolean> {
  return await run('npm', ['view', name, 'version', '--fetch-retries', '0']).then(
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

/** Packs the repository at `root` as npm publishes it; returns the path of the archive. */
export async function pack(root: string, folder: string): Promise<string> {
  const { stdout } = await run('npm', ['pack', '--pack-destination', folder], { cwd: root });
  return join(folder, stdout.trim().split('\n').at(-1) ?? '');
}
