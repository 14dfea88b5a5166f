import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, posix } from 'node:path';
import { fileURLToPath } from 'node:url';

/*
 * Which file imports which: read from the import statements themselves, so that imports of types count where they
 * should. `node test/import-graph.ts` prints the graph by folder and the number of files in each function's graph.
 */

const root = fileURLToPath(new URL('..', import.meta.url));

export type Import = {
  /** Of the importing file, from the repository's root. */
  readonly from: string;
  /** A file of the repository, or the name of a package or of a module of Node. */
  readonly to: string;
  /** Nothing of it is left at run time. */
  readonly typeOnly: boolean;
};

const statement = /^(?:import|export)\s+(?<type>type\s)?(?:[^'";]*?\sfrom\s+)?'(?<specifier>[^']+)'/gm;
const dynamic = /\bimport\('(?<specifier>[^']+)'\)/g;

/** Every import in the TypeScript files of the given top-level folders. */
export function importsIn(folders: readonly string[]): readonly Import[] {
  return folders.flatMap((folder) => {
    const names = readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' });
    const files = names.filter((name) => name.endsWith('.ts')).map((name) => posix.join(folder, toPosix(name)));
    return files.flatMap(importsOf);
  });
}

function importsOf(from: string): readonly Import[] {
  const text = readFileSync(join(root, from), 'utf8');
  return [...text.matchAll(statement), ...text.matchAll(dynamic)].map(({ groups }) => {
    const specifier = groups?.['specifier'] ?? '';
    const to = specifier.startsWith('.') ? posix.join(dirname(from), specifier) : specifier;
    return { from, to, typeOnly: groups?.['type'] !== undefined };
  });
}

/** The files of the repository that are loaded with `entry`, itself included. */
export function loadedWith(entry: string, imports: readonly Import[]): ReadonlySet<string> {
  const loaded = new Set([entry]);
  for (const file of loaded) {
    for (const { from, to, typeOnly } of imports) {
      if (from === file && !typeOnly && to.endsWith('.ts')) loaded.add(to);
    }
  }
  return loaded;
}

/** A chain of nodes that leads back to its first one, or nothing. */
export function cycleIn(edges: readonly (readonly [from: string, to: string])[]): readonly string[] | undefined {
  const targets = new Map<string, string[]>();
  for (const [from, to] of edges) targets.set(from, [...(targets.get(from) ?? []), to]);
  const done = new Set<string>();

  const search = (node: string, path: readonly string[]): readonly string[] | undefined => {
    if (path.includes(node)) return [...path.slice(path.indexOf(node)), node];
    if (done.has(node)) return undefined;
    for (const target of targets.get(node) ?? []) {
      const cycle = search(target, [...path, node]);
      if (cycle !== undefined) return cycle;
    }
    done.add(node);
    return undefined;
  };
  return [...targets.keys()].map((node) => search(node, [])).find((cycle) => cycle !== undefined);
}

/** The graph of folders, without the imports inside one. */
export function foldersOf(imports: readonly Import[]): readonly (readonly [from: string, to: string])[] {
  const pairs = imports
    .filter(({ to }) => to.endsWith('.ts'))
    .map(({ from, to }) => [dirname(from), dirname(to)] as const)
    .filter(([from, to]) => from !== to);
  return [...new Map(pairs.map((pair) => [pair.join(' '), pair])).values()];
}

function toPosix(path: string): string {
  return path.replaceAll('\\', '/');
}

function print(): void {
  const imports = importsIn(['functions', 'lib']);
  const byFolder = Object.groupBy(foldersOf(imports), ([from]) => from);
  for (const [folder, edges = []] of Object.entries(byFolder).toSorted()) {
    console.log(
      `${folder} -> ${edges
        .map(([, to]) => to)
        .toSorted()
        .join(', ')}`,
    );
  }
  console.log('\nfiles loaded with each function');
  const functions = new Set(imports.map(({ from }) => from).filter((file) => file.startsWith('functions/')));
  for (const file of [...functions].toSorted()) console.log(`${file} ${loadedWith(file, imports).size}`);
}

if (import.meta.main) print();
