import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { packageRoot } from '../package-root.ts';

/** A file of the console, as it goes over the wire. */
type ConsoleFile = { readonly headers: Readonly<Record<string, string>>; readonly body: Buffer };

/** By path: the page at `/`, everything else below `/console/`. What is not in it is not served. */
export type ConsoleFiles = ReadonlyMap<string, ConsoleFile>;

const types = [
  ['.html', 'text/html; charset=utf-8'],
  ['.css', 'text/css; charset=utf-8'],
  ['.js', 'text/javascript; charset=utf-8'],
  ['.mjs', 'text/javascript; charset=utf-8'],
] as const;

/** What the console takes from other packages, by the name in its import map. */
const vendored = [
  ['preact', 'dist/preact.mjs'],
  ['preact', 'hooks/dist/hooks.mjs'],
  ['htm', 'dist/htm.module.js'],
  ['uplot', 'dist/uPlot.esm.js'],
  ['uplot', 'dist/uPlot.min.css'],
] as const;

/** Reads the console's files once: the list of what may be served is what is in the package at this moment. */
export async function readConsoleFiles(): Promise<ConsoleFiles> {
  const folder = join(packageRoot, 'cdk/ops/console');
  const own = (await readdir(folder)).filter((name) => typeOf(name) !== undefined);
  const page = await readFile(join(folder, 'index.html'), 'utf8');
  const headers = headersOf(page);
  const read = async (path: string, file: string): Promise<readonly [string, ConsoleFile]> => [
    path,
    { headers: { ...headers, 'content-type': typeOf(file) ?? '' }, body: await readFile(file) },
  ];
  return new Map(
    await Promise.all([
      ...own.map((name) => read(name === 'index.html' ? '/' : `/console/${name}`, join(folder, name))),
      ...vendored.map(([name, file]) => read(`/console/vendor/${file.replace(/^.*\//, '')}`, fileOf(name, file))),
    ]),
  );
}

function typeOf(file: string): string | undefined {
  return types.find(([end]) => file.endsWith(end))?.[1];
}

/** Wherever the package manager has put it. */
function fileOf(name: string, file: string): string {
  const entry = createRequire(join(packageRoot, 'package.json')).resolve(name);
  const root = entry.slice(0, entry.lastIndexOf(join('node_modules', name)));
  return join(root, 'node_modules', name, file);
}

/** Nothing from another address, no inline script but the page's own import map, and no text that becomes markup. */
function headersOf(page: string): Readonly<Record<string, string>> {
  const [, importMap = ''] = /<script type="importmap">([\s\S]*?)<\/script>/.exec(page) ?? [];
  const hash = createHash('sha256').update(importMap).digest('base64');
  return {
    'content-security-policy': [
      "default-src 'none'",
      `script-src 'self' 'sha256-${hash}'`,
      "style-src 'self'",
      "connect-src 'self'",
      "img-src 'self' data:",
      "base-uri 'none'",
      "form-action 'none'",
      "frame-ancestors 'none'",
      "require-trusted-types-for 'script'",
      "trusted-types 'none'",
    ].join('; '),
    'cross-origin-opener-policy': 'same-origin',
    'cross-origin-resource-policy': 'same-origin',
    'referrer-policy': 'no-referrer',
    'x-content-type-options': 'nosniff',
    'cache-control': 'no-cache',
  };
}
