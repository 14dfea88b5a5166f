import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { bannedIn } from './banned-words.ts';
import { templateOf } from './cdk/synthesize.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const read = (file: string) => readFileSync(`${root}${file}`, 'utf8');

/**
 * Every version that the manifests name, except peer dependencies, which are ranges. The toolchain is a separate
 * package, so that nobody who installs ours gets a Node with it.
 */
function versions(): readonly [string, string][] {
  return ['package.json', 'test/toolchain/package.json'].flatMap((file) => {
    const manifest: unknown = JSON.parse(read(file));
    if (typeof manifest !== 'object' || manifest === null) throw new Error(`${file} is no object`);
    return Object.entries(manifest)
      .filter(([key]) => /dependencies$/i.test(key) && key !== 'peerDependencies')
      .flatMap(([, named]) => Object.entries<string>(named))
      .filter(([, version]) => !/^file:test\/toolchain(?:$|\/)/.test(version));
  });
}

/** The list of banned words, and its test. */
const namesThem = /^test\/(?:banned-words|ground\.test)\.ts$/;
const tracked = execFileSync('git', ['ls-files'], { cwd: root, encoding: 'utf8' }).trim().split('\n');

it("the repository runs its tests on Lambda's major version of Node, whatever the machine has", () => {
  expect(process.version).toMatch(/^v24\./);
  templateOf().allResourcesProperties('AWS::Lambda::Function', { Runtime: 'nodejs24.x' });
});

it('the repository pins exact versions, and its lock file names no registry', () => {
  for (const [name, version] of versions()) expect(`${name}@${version}`).toMatch(/@\d+\.\d+\.\d+$/);
  expect(read('package-lock.json')).not.toMatch(/"resolved": "http/);
});

it('the repository installs an empty package for the AWS CLI layer that aws-cdk-lib depends on', () => {
  const { packages } = JSON.parse(read('package-lock.json'));
  const layers = Object.entries(packages).filter(([path]) => path.endsWith('/asset-awscli-v1'));
  // With a new aws-cdk-lib, its version of the layer is to be the empty package's.
  expect(layers).toEqual([
    ['node_modules/@aws-cdk/asset-awscli-v1', { resolved: 'test/toolchain/awscli-layer', link: true }],
  ]);
});

it('the repository has exactly the agreed top level', () => {
  const top = new Set(tracked.map((file) => file.replace(/\/.*/, '')));
  expect([...top].filter((name) => !name.startsWith('.')).sort()).toEqual(
    [
      'LICENSE',
      'README.md',
      'biome.json',
      'cdk',
      'cdk.json',
      'functions',
      'lib',
      'package-lock.json',
      'package.json',
      'test',
      'tsconfig.json',
    ].sort(),
  );
  expect(readdirSync(`${root}functions`).every((file) => file.endsWith('.ts'))).toBe(true);
});

it('the repository has no source file above 300 lines, tests included', () => {
  const sources = tracked.filter(
    (file) => /^(?:cdk|functions|lib|test)\/.*\.(?:cjs|css|html|js|ts)$/.test(file) && existsSync(`${root}${file}`),
  );
  const lengths = sources.map((file) => [file, read(file).trimEnd().split('\n').length] as const);
  expect(lengths.length).toBeGreaterThan(400);
  expect(lengths.filter(([, lines]) => lines > 300)).toEqual([]);
});

it('the repository has no function above 70 lines in deployed code, comments included', () => {
  const deployed = tracked.filter(
    (file) => /^(?:cdk|functions|lib)\/.*\.ts$/.test(file) && existsSync(`${root}${file}`),
  );
  const lengths = deployed.flatMap(functionLengths);
  expect(lengths.length).toBeGreaterThan(500);
  expect(lengths.filter(([, lines]) => lines > 70)).toEqual([]);
});

it('the repository has no function above 90 lines in the helpers of tests, comments included', () => {
  // A contract is a list of tests, which another file runs.
  const helpers = tracked.filter(
    (file) => /^test\/.*(?<!\.test|-contract)\.ts$/.test(file) && existsSync(`${root}${file}`),
  );
  const lengths = helpers.flatMap(functionLengths);
  expect(lengths.length).toBeGreaterThan(500);
  expect(lengths.filter(([, lines]) => lines > 90)).toEqual([]);
});

/** Of the functions at the top level of a file. */
function functionLengths(file: string) {
  const declared = /^(?:export )?(?:async )?function\*? (\w+).*?^\}$/gms;
  return [...read(file).matchAll(declared)].map(
    ([text, name]) => [`${file} ${name}`, text.split('\n').length] as const,
  );
}

it('the repository declares each exported name once', () => {
  // Names of the contract are those of what it presents, and a handler is Lambda's own name.
  const files = tracked.filter((file) => /^(?:cdk|lib)\/(?!api\/).*\.ts$/.test(file) && existsSync(`${root}${file}`));
  const declared = /^export (?:abstract |async )*(?:class|const|function\*?|interface|let|type) (\w+)/gm;
  const names = files.flatMap((file) => [...new Set([...read(file).matchAll(declared)].map(([, name]) => name))]);
  expect(names.length).toBeGreaterThan(400);
  expect(names.filter((name, i) => names.indexOf(name) !== i)).toEqual([]);
});

it('the repository has no module mocks', () => {
  const mocked = new RegExp(['vi', '(mock|doMock)\\('].join('\\.'));
  const tests = readdirSync(`${root}test`, { recursive: true, encoding: 'utf8' }).filter((file) =>
    file.endsWith('.ts'),
  );
  expect(tests.filter((file) => mocked.test(read(`test/${file}`)))).toEqual([]);
});

it('the repository uses the terms of the field', () => {
  const texts = tracked.filter((file) =>
    /^(?!package-lock\.json$).*\.(?:cjs|css|html|js|jsonc?|md|ts|yml)$/.test(file),
  );
  expect(texts).toEqual(expect.arrayContaining(['README.md', '.github/SECURITY.md', 'cdk/ops/console/index.html']));
  const found = texts
    .filter((file) => !namesThem.test(file) && existsSync(`${root}${file}`))
    .flatMap((file) => bannedIn(read(file)).map(({ line, word, use }) => `${file}:${line}: "${word}": write ${use}`));
  expect(found).toEqual([]);
});

it('the repository is searched for banned words in prose and in names, and the right phrases are left alone', () => {
  const text = 'const wireAsking = 1;\n// Nobody is told.\nheld_by: 2\nthe dead letters of a queue\n';
  expect(bannedIn(text).map(({ line, word }) => [line, word])).toEqual([
    [1, 'Asking'],
    [2, 'told'],
    [3, 'held_by'],
  ]);
});
