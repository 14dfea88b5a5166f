import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { operate } from '../cdk/ops/operate.ts';
import { createTerminal } from '../cdk/ops/terminal.ts';
import { routes } from '../lib/api/routes.ts';
import { systemClock } from '../lib/clock.ts';
import { errorCatalog } from '../lib/errors.ts';
import { eventSchemas } from '../lib/transitions/schemas.ts';
import { everySetting, templateOf } from './cdk/synthesize.ts';

const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');
const runbooks = readFileSync(new URL('../cdk/runbooks.md', import.meta.url), 'utf8');
const stageConfig = readFileSync(new URL('../cdk/stage-config.ts', import.meta.url), 'utf8');
const scripts: Record<string, string> = JSON.parse(
  readFileSync(new URL('../package.json', import.meta.url), 'utf8'),
).scripts;

it('the runbooks have an entry for every alarm, and no others', () => {
  const template = templateOf({ syntheticCheck: everySetting.syntheticCheck });
  const alarms = ['Alarm', 'CompositeAlarm'].flatMap((kind) =>
    Object.values(template.findResources(`AWS::CloudWatch::${kind}`)),
  );
  const anchors = alarms.map(
    ({ Properties }) => /cdk\/runbooks\.md#(alarm-[\w-]+)$/.exec(Properties.AlarmDescription)?.[1],
  );
  const headings = [...runbooks.matchAll(/^## Alarm (\S+)$/gm)].map(([, id]) => `alarm-${id}`);
  expect(headings.toSorted()).toEqual([...new Set(anchors)].toSorted());
});

it('the runbooks list the permissions of every ops command, and of no other', async () => {
  const shown: string[] = [];
  const terminal = { ...createTerminal(process), out: (text: string) => void shown.push(text) };
  await operate('npm run ops --', ['--help'], { terminal, clock: systemClock });
  const commands = [...shown.join('').matchAll(/^ {2}([a-z]+) .*[A-Z].*\.$/gm)].map(([, name]) => name);
  const [, table = ''] = /^\| command \| actions \|\n\|[-|]+\n((?:\|.*\n)+)/m.exec(runbooks) ?? [];
  const cells = table.split('\n').map((row) => row.split('|')[1] ?? '');
  const listed = cells.flatMap((cell) => [...cell.matchAll(/`([a-z]+)(?: [^`]*)?`/g)].map(([, name]) => name));
  expect(commands.length).toBeGreaterThan(10);
  expect(new Set(listed.filter((name) => name !== 'npm'))).toEqual(new Set(commands));
});

it('the README lists every error code with its status', () => {
  const rows = [...readme.matchAll(/^\| (\d{3}) \| ((?:`\w+`(?:, )?)+) \|/gm)];
  const listed = rows.flatMap(([, status, codes = '']) =>
    [...codes.matchAll(/`(\w+)`/g)].map(([, code]) => `${code} ${status}`),
  );
  expect(listed.toSorted()).toEqual(
    Object.entries(errorCatalog)
      .map(([code, { status }]) => `${code} ${status}`)
      .toSorted(),
  );
});

it('the README lists every request of the API, and no others', () => {
  const [, table = ''] = /^\| request \|.*\n\|[-|]+\n((?:\|.*\n)+)/m.exec(readme) ?? [];
  const listed = table.split('\n').flatMap((row) => {
    // Several methods may stand before the one path that they share.
    const named = [...(row.split('|')[1] ?? '').matchAll(/`([A-Z]+)(?: (\S+))?`/g)];
    return named.map(([, method], i) => `${method} ${named.slice(i).find(([, , path]) => path !== undefined)?.[2]}`);
  });
  expect(listed.toSorted()).toEqual(
    Object.values(routes)
      .map(({ method, path }) => `${method} ${path}`)
      .toSorted(),
  );
});

it.each([
  ['an account', 'AccountConfig'],
  ['a stage', 'StageConfig'],
])('the README lists every setting of %s, and no others', (what, type) => {
  const [, table = ''] = new RegExp(`^\\| setting of ${what} \\|.*\\n((?:\\|.*\\n)+)`, 'm').exec(readme) ?? [];
  const listed = table.split('\n').flatMap((row) => [...(row.split('|')[1] ?? '').matchAll(/`(\w+)`/g)]);
  const [, members = ''] = new RegExp(`^export type ${type} = \\{\\n(.*?)^\\};`, 'ms').exec(stageConfig) ?? [];
  // The accounts of a stage are described by the other table.
  const settings = [...members.matchAll(/^ {2}readonly (\w+)\??:/gm)].filter(([, name]) => name !== 'accounts');
  expect(settings.length).toBeGreaterThan(10);
  expect(listed.map(([, name]) => name).toSorted()).toEqual(settings.map(([, name]) => name).toSorted());
});

it('the README names every event', () => {
  for (const name of Object.keys(eventSchemas)) expect(readme).toContain(`\`${name}\``);
});

it('the README names every npm script, and none that does not exist', () => {
  for (const name of Object.keys(scripts)) expect(readme).toMatch(new RegExp(`npm (run )?${name}\\b`));
  for (const [, name = ''] of readme.matchAll(/npm run (\w+)/g)) expect(scripts).toHaveProperty(name);
});
