import { execFile } from 'node:child_process';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { promisify } from 'node:util';
import * as z from 'zod/mini';

const Installed = z.object({ version: z.string() });

/** Installs one package into its own folder, unless it is there. Returns the file to import. */
export async function install(folder: string, name: string, version: string): Promise<string> {
  await installAll(folder, { [name]: version });
  return createRequire(join(folder, 'package.json')).resolve(name);
}

/** Puts packages, by name and exact version, into a folder of their own, unless they are there. */
export async function installAll(folder: string, packages: Readonly<Record<string, string>>): Promise<void> {
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'package.json'), '{"private":true}\n');
  const versions = await Promise.all(Object.keys(packages).map((name) => installedVersion(folder, name)));
  if (Object.values(packages).every((version, index) => versions[index] === version)) return;
  const named = Object.entries(packages).map(([name, version]) => `${name}@${version}`);
  // Nothing that comes with a package is run, and peers are named or found in this project.
  const flags = ['--no-save', '--ignore-scripts', '--legacy-peer-deps', '--no-audit', '--no-fund', '--loglevel=error'];
  const args = ['install', '--prefix', folder, ...flags, ...named];
  await promisify(execFile)('npm', args, { cwd: folder }).catch((cause: unknown) => {
    throw new Error(`npm cannot install ${named.join(' ')}: can it reach its registry?`, { cause });
  });
}

async function installedVersion(folder: string, name: string): Promise<string | undefined> {
  try {
    const text = await readFile(join(folder, 'node_modules', name, 'package.json'), 'utf8');
    return Installed.parse(JSON.parse(text)).version;
  } catch {
    return undefined;
  }
}
