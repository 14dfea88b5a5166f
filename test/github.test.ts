import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

const root = fileURLToPath(new URL('..', import.meta.url));
const read = (file: string) => readFileSync(`${root}${file}`, 'utf8');
const workflows = readdirSync(`${root}.github/workflows`).map((file) => read(`.github/workflows/${file}`));
const { scripts, engines }: { scripts: Record<string, string>; engines: { node: string } } = JSON.parse(
  read('package.json'),
);

it('the GitHub workflows and documents name only scripts that exist', () => {
  const texts = [...workflows, read('.github/CONTRIBUTING.md')];
  const named = texts.flatMap((text) =>
    [...text.matchAll(/npm run (?:--silent )?([\w:-]+)/g)].map(([, name = '']) => name),
  );
  expect(named).not.toEqual([]);
  for (const name of named) expect(scripts).toHaveProperty([name]);
});

it('CI tests on every major version of Node that package.json allows, from the oldest to the one of Lambda', () => {
  const [, admitted] = /^>=(\d+)$/.exec(engines.node) ?? [];
  const [, tested = ''] = /^ +node: \[(.+)\]$/m.exec(workflows.join('\n')) ?? [];
  expect(tested.split(', ')).toEqual([admitted, '22', '24']);
});

it('the GitHub workflows pin each action to a commit, which nobody can move', () => {
  const actions = workflows.flatMap((text) => [...text.matchAll(/uses: (.+)$/gm)].map(([, action]) => action));
  expect(actions).not.toEqual([]);
  for (const action of actions) expect(action).toMatch(/^[\w-]+\/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/);
});

it('the GitHub workflows hold no key, and assume a role for one job, by a token of the host', () => {
  for (const text of workflows) {
    expect(text).not.toMatch(/secrets\.|access-key|pull_request_target/i);
    expect(text.match(/id-token: write/g) ?? []).toHaveLength(text.match(/role-to-assume:/g)?.length ?? 0);
  }
});
