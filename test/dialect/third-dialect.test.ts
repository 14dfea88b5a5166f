import { execFile } from 'node:child_process';
import { cp, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from 'vitest';

const run = promisify(execFile);
const root = fileURLToPath(new URL('../..', import.meta.url));
const folder = 'lib/exchange/dialects';
let copy: string;

beforeAll(async () => {
  copy = await mkdtemp(join(tmpdir(), 'third-dialect-'));
  for (const part of ['lib', 'cdk', 'test', 'package.json']) {
    await cp(join(root, part), join(copy, part), { recursive: true });
  }
  await symlink(join(root, 'node_modules'), join(copy, 'node_modules'), 'junction');
  const acme = await readFile(join(root, 'test/dialect/acme.ts'), 'utf8');
  await writeFile(join(copy, folder, 'acme.ts'), acme.replaceAll(`../../${folder}/`, './'));
  const list = await readFile(join(root, folder, 'index.ts'), 'utf8');
  const longer = list
    .replace('import type { DialectDefinition }', "import { acme } from './acme.ts';\n$&")
    .replace('  deribit,\n', '$&  acme,\n');
  await writeFile(join(copy, folder, 'index.ts'), longer);
}, 60_000);
afterAll(() => rm(copy, { recursive: true }));

it('a third dialect needs one file, its import and its line in the list', async () => {
  const [before, after] = await Promise.all([root, copy].map((place) => readdir(join(place, folder))));
  expect(after).toEqual([...(before ?? []), 'acme.ts'].toSorted());
  const lines = async (place: string) => (await readFile(join(place, folder, 'index.ts'), 'utf8')).split('\n');
  const known = new Set(await lines(root));
  expect((await lines(copy)).filter((line) => !known.has(line))).toEqual([
    "import { acme } from './acme.ts';",
    '  acme,',
  ]);
});

it('a third dialect can be read from the exchange, stored, read back, listed in the history, published, and shown by the command line', async () => {
  const { stdout } = await run(process.execPath, [join(copy, 'test/dialect/order-trace.ts'), 'acme'], {
    timeout: 60_000,
  });
  const said = JSON.parse(stdout);
  expect(said).toMatchObject({
    stage: { main: { dialect: 'acme', maxCheckSeconds: 1_200 } },
    start: { kind: 'run', dialect: 'acme' },
    checked: { order_id: 'A-1', order_state: 'canceled', price: '1.10', details: { mark: '7' } },
    drift: ['missing time_in_force', 'missing order_type'],
    snapshots: ['acme'],
    final: ['A-1'],
    history: ['canceled'],
    events: [{ order_id: 'A-1', final: true, to: { order_state: 'canceled', price: '1.10' } }],
    shown: { code: 0 },
    exported: { code: 0 },
  });
  expect(JSON.parse(said.shown.out)).toMatchObject({
    head: { dialect: 'acme', order: { order_state: 'canceled' } },
    watch: { status: 'final' },
  });
  const [heading = '', row = ''] = said.exported.out.split('\r\n');
  expect(heading.split(',').slice(0, 6)).toEqual([
    'account',
    'order_id',
    'order_state',
    'amount',
    'instrument_name',
    'advanced',
  ]);
  expect(row).toMatch(/^main,A-1,canceled,,ACME-1,,1\.10,.*,acme,/);
}, 90_000);
