import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname } from 'node:path/posix';
import { describe, expect, it } from 'vitest';
import { cycleIn, foldersOf, type Import, importsIn, loadedWith } from './import-graph.ts';

const imports = importsIn(['cdk', 'functions', 'lib', 'test']);
const product = imports.filter(({ from }) => !from.startsWith('test/'));
const isIn = (file: string, folder: string) => file === folder || file.startsWith(`${folder}/`);
const shown = ({ from, to }: Import) => `${from} imports ${to}`;

/** Which imports go from one folder to another, either with all that is within. */
function between(from: string, to: string): readonly string[] {
  return imports.filter((edge) => isIn(edge.from, from) && isIn(edge.to, to)).map(shown);
}

it('every import within the repository names a file that exists', () => {
  const inside = imports.filter(({ to }) => to.endsWith('.ts') && isIn(to, 'lib'));
  expect(inside.length).toBeGreaterThan(100);
  for (const edge of inside) expect(existsSync(edge.to), shown(edge)).toBe(true);
});

it('no file of the product is part of an import cycle, not even through types', () => {
  expect(cycleIn(filesOf(product))).toBeUndefined();
});

it('no file of the tests is part of an import cycle', () => {
  expect(cycleIn(filesOf(imports.filter(({ typeOnly }) => !typeOnly)))).toBeUndefined();
});

it('no folder of the product is part of an import cycle', () => {
  expect(cycleIn(foldersOf(product))).toBeUndefined();
});

it('an import cycle would be found', () => {
  const edges = [
    ['a', 'b'],
    ['b', 'c'],
    ['c', 'b'],
  ] as const;
  expect(cycleIn(edges)).toEqual(['b', 'c', 'b']);
  expect(cycleIn(edges.slice(0, 2))).toBeUndefined();
});

describe('picture', () => {
  it('the picture of the import graph has an arrow for each import between folders that no longer path implies', () => {
    const contributing = readFileSync(new URL('../.github/CONTRIBUTING.md', import.meta.url), 'utf8');
    const [, picture = ''] = /^```mermaid\n(.*?)^```$/ms.exec(contributing) ?? [];
    const drawn = [...picture.matchAll(/^ {2}(\S+) --> (.+)$/gm)].flatMap(([, from = '', targets = '']) =>
      targets.split(' & ').map((to) => [from, to] as const),
    );
    const edges = foldersOf(product)
      .map(([from, to]) => [nameOf(from), nameOf(to)] as const)
      .filter(([from, to]) => from !== to && ![from, to].some((name) => name === 'lib' || name === 'cdk'));
    const ways = (from: string, to: string): boolean =>
      edges.some(([start, next]) => start === from && (next === to || ways(next, to)));
    const needed = edges.filter(
      ([from, to]) => !edges.some(([start, next]) => start === from && next !== to && ways(next, to)),
    );
    const sorted = (arrows: typeof edges) => [...new Set(arrows.map((arrow) => arrow.join(' --> ')))].toSorted();
    expect(sorted(drawn)).toEqual(sorted(needed));
  });

  const nameOf = (folder: string) => folder.replace(/^lib\//, '').replace(/\/.*$/, '');
});

describe('dependencies point one way', () => {
  it.each([
    ['cdk', 'test'],
    ['lib', 'test'],
    ['functions', 'test'],
    ['lib', 'cdk'],
    ['functions', 'cdk'],
    ['lib', 'functions'],
    ['cdk', 'functions'],
    ['test/emulator', 'lib'],
    ['test/emulator', 'functions'],
  ])('%s imports nothing of %s', (from, to) => expect(between(from, to)).toEqual([]));

  it.each(['lib/http', 'lib/wiring'])('only functions import %s', (folder) => {
    const importers = product.filter(({ from, to }) => isIn(to, folder) && !isIn(from, folder));
    expect(importers.filter(({ from }) => !isIn(from, 'functions')).map(shown)).toEqual([]);
  });

  it.each(['lib/exchange', 'lib/snapshots', 'lib/accounts'])('%s knows no use case and no contract', (folder) => {
    for (const above of ['orders', 'sweep', 'api', 'http', 'transitions', 'account-guard', 'wiring']) {
      expect(between(folder, `lib/${above}`)).toEqual([]);
    }
  });

  it('the files in lib/ itself import none of its folders', () => {
    const down = imports.filter(({ from, to }) => dirname(from) === 'lib' && isIn(to, 'lib') && dirname(to) !== 'lib');
    expect(down.map(shown)).toEqual([]);
  });
});

describe('the emulator', () => {
  const emulator = imports.filter(({ from }) => isIn(from, 'test/emulator'));

  it.each(['cdk', 'functions', 'lib'])('the emulator imports nothing of %s', (folder) => {
    expect(between('test/emulator', folder)).toEqual([]);
  });

  it('the emulator names no file of cdk, functions or lib', () => {
    const files = new Set(emulator.map(({ from }) => from));
    expect(files.size).toBeGreaterThan(50);
    for (const file of files) expect(readFileSync(file, 'utf8'), file).not.toMatch(/\.\.\/(cdk|functions|lib)\//);
  });

  it('neither files nor folders of the emulator import themselves in a cycle, not even through types', () => {
    expect(cycleIn(filesOf(emulator))).toBeUndefined();
    expect(cycleIn(foldersOf(emulator))).toBeUndefined();
  });
});

describe('AWS stays at the edges', () => {
  const importersOf = (name: string) =>
    product.filter(({ from, to }) => !isIn(from, 'cdk') && to === name).map(({ from }) => from);

  it('only lib/snapshots, lib/accounts and lib/dynamo know DynamoDB', () => {
    const knowing = importersOf('@aws-sdk/client-dynamodb').filter((file) => file !== 'lib/aws/clients.ts');
    expect(knowing).not.toEqual([]);
    expect(knowing.filter((file) => !/^lib\/(accounts\/|snapshots\/|dynamo)/.test(file))).toEqual([]);
  });

  it('only credentials know Secrets Manager', () => {
    expect(importersOf('@aws-sdk/client-secrets-manager')).toEqual([
      'lib/aws/clients.ts',
      'lib/exchange/credentials.ts',
      'lib/exchange/stored-key.ts',
    ]);
  });

  it.each([
    'lib/errors.ts',
    'lib/exchange/json.ts',
    'lib/exchange/json-rpc.ts',
    'lib/exchange/order.ts',
    'lib/exchange/drift.ts',
    'lib/exchange/retry.ts',
    ...readdirSync('lib/exchange/dialects').map((name) => `lib/exchange/dialects/${name}`),
    'lib/snapshots/due.ts',
    'lib/snapshots/rank.ts',
    'lib/snapshots/changes.ts',
    'lib/snapshots/watch.ts',
    'lib/snapshots/snapshot.ts',
    'lib/sweep/circuit-breaker.ts',
    'lib/api/presenters.ts',
    'lib/account-guard/guard-accounts.ts',
  ])('%s loads neither AWS nor a clock', (file) => {
    expect(existsSync(file)).toBe(true);
    const loaded = loadedWith(file, imports);
    expect([...loaded].filter((name) => name === 'lib/clock.ts' || name === 'lib/aws/clients.ts')).toEqual([]);
    const packages = imports.filter(({ from, to, typeOnly }) => loaded.has(from) && !typeOnly && !to.endsWith('.ts'));
    expect(packages.filter(({ to }) => /^@aws|^node:timers/.test(to)).map(shown)).toEqual([]);
  });
});

describe('a function loads only what it uses', () => {
  const uses = (name: string) => loadedWith(`functions/${name}.ts`, imports);
  const foldersIn = (name: string) => new Set([...uses(name)].map((file) => dirname(file)));

  it.each([
    ['guard-accounts', 36],
    ['list-orders', 55],
    ['list-snapshots', 53],
    ['change-watch', 55],
    ['publish-transitions', 34],
  ])('the function %s loads at most %i files', (name, maxFiles) =>
    expect(uses(name).size).toBeLessThanOrEqual(maxFiles),
  );

  it.each(['guard-accounts', 'list-orders', 'list-snapshots', 'change-watch', 'publish-transitions'])(
    'the function %s loads no exchange client, key or sweep',
    (name) => {
      for (const file of ['client', 'credentials', 'transport', 'rate-limiter']) {
        expect([...uses(name)]).not.toContain(`lib/exchange/${file}.ts`);
      }
      expect([...foldersIn(name)]).not.toContain('lib/sweep');
    },
  );

  it.each(['get-order', 'check-orders', 'get-order-state'])('the function %s loads nothing of the schedule', (name) => {
    expect([...foldersIn(name)]).not.toContain('lib/sweep');
  });

  it.each(['check-open-orders', 'guard-accounts', 'publish-transitions'])(
    'the function %s loads nothing of HTTP',
    (name) => {
      expect([...foldersIn(name)]).not.toContain('lib/http');
    },
  );
});

function filesOf(edges: readonly Import[]): readonly (readonly [from: string, to: string])[] {
  return edges.filter(({ to }) => to.endsWith('.ts')).map(({ from, to }) => [from, to]);
}
