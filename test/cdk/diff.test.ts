import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, it } from 'vitest';
import { createApp } from '../../cdk/order-state-app.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'diff-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** Types of resources that hold what nobody can recreate, or that others know by name. */
const stateful = /^AWS::(DynamoDB::GlobalTable|Events::EventBus|SecretsManager::Secret|SQS::Queue)$/;

/** The files that make them. */
const sources = ['dead-letters', 'exchange-keys', 'snapshot-table', 'transition-bus'].map((name) => `cdk/${name}.ts`);

/** The first commit that had them all; empty where the history is not, or begins later. */
function firstCommit(): string {
  const git = (...args: readonly string[]) => spawnSync('git', args, { cwd: root, encoding: 'utf8' }).stdout.trim();
  if (git('rev-parse', '--is-shallow-repository') !== 'false') return '';
  return git('log', '-1', '--diff-filter=A', '--format=%h', '--', ...sources);
}

/** The sources of a commit, with the dependencies of today. */
function treeOf(commit: string): string {
  const tree = join(folder, commit);
  mkdirSync(tree);
  const input = execFileSync('git', ['archive', commit], { cwd: root, maxBuffer: 2 ** 26 });
  execFileSync('tar', ['-x', '-C', tree], { input });
  symlinkSync(join(root, 'node_modules'), join(tree, 'node_modules'));
  return tree;
}

const context = { stage: 'prod', 'aws:cdk:bundling-stacks': [] };

/** Where the stage prod of an earlier commit's sources was synthesized, its bundles left out. */
function synthesizeBefore(tree: string): string {
  const outdir = join(folder, 'before.out');
  const env = { ...process.env, CDK_OUTDIR: outdir, CDK_CONTEXT_JSON: JSON.stringify(context) };
  execFileSync(process.execPath, [join(tree, 'cdk/app.ts')], { env });
  return outdir;
}

/** The same of today's, in this process, which has loaded the CDK. */
function synthesizeNow(): string {
  const outdir = join(folder, 'now.out');
  createApp({ outdir, context }).synth();
  return outdir;
}

/** The changes that `cdk diff` sees, such as `[~] AWS::SQS::Queue Path LogicalId may be replaced`. */
function changes(before: string, after: string): readonly string[] {
  const template = join(before, 'order-state-snapshots-prod.template.json');
  const cdk = join(root, 'node_modules/aws-cdk/bin/cdk');
  const args = [cdk, 'diff', '--app', after, '--template', template, '--no-color'];
  // In a folder without a cdk.json, whose app this is not.
  const said = execFileSync(process.execPath, args, {
    cwd: folder,
    encoding: 'utf8',
    env: { ...process.env, CI: 'true', CDK_DISABLE_CLI_TELEMETRY: 'true' },
  });
  return said.split('\n').filter((line) => /^\[[-+~]\] AWS::/.test(line));
}

it('no table, secret, queue or bus was replaced or removed since the first commit that had all of them', ({ skip }) => {
  const commit = firstCommit();
  skip(commit === '', 'There is nothing to compare with: the history of this repository is not here.');
  const seen = changes(synthesizeBefore(treeOf(commit)), synthesizeNow());
  expect(seen).not.toEqual([]);
  const lost = seen.filter(
    (line) => stateful.test(line.split(' ')[1] ?? '') && /^\[-|replace|destroy|orphan/.test(line),
  );
  expect(lost).toEqual([]);
}, 120_000);
