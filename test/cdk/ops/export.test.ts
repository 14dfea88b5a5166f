import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PutItemCommand } from '@aws-sdk/client-dynamodb';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { orangex } from '../../../lib/exchange/dialects/orangex.ts';
import { snapshotItem } from '../../../lib/snapshots/items.ts';
import { orderIn, snapshotOf } from '../../../lib/snapshots/snapshot.ts';
import { start } from '../../lib/snapshots/observations.ts';
import { names, type OpsTestBed, seenOf, startOpsTestBed } from './ops-test-bed.ts';

let ops: OpsTestBed;
let folder: string;
const bait = '=HYPERLINK(\\"http://example.com\\",\\"x\\")';

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'export-test-'));
  ops = await startOpsTestBed();
  await ops.observe('OLD');
  await ops.observe('A', { requestedAfter: 20_000, label: 'a, \\"quoted\\"\\nlabel' });
  await ops.observe('A', { requestedAfter: 30_000, updatedAfter: 1, filled: '0.50' });
  const observation = seenOf('B', { requestedAfter: 20_000 });
  const result = observation.result.replace('855.10', '-0.000000010').replace('BTC-PERPETUAL', bait);
  await ops.store.record({ ...observation, result, order: orderIn(result, orangex) });
});
afterAll(async () => {
  rmSync(folder, { recursive: true });
  await ops.stop();
});

const since = new Date(start + 30_050).toISOString();
const exported = (...args: readonly string[]) => ops.run(['export', '--stage', 'dev', '--since', since, ...args]);

/** RFC 4180, as a spreadsheet reads it. */
function readCsv(text: string): readonly (readonly string[])[] {
  const rows: string[][] = [[]];
  for (const [, quoted, plain = '', end] of text.matchAll(/(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r\n)/g)) {
    rows.at(-1)?.push(quoted?.replaceAll('""', '"') ?? plain);
    if (end !== ',') rows.push([]);
  }
  return rows.slice(0, -1);
}

it('ops export writes one snapshot a line, with its provenance and every digit', async () => {
  const { code, out, stderr } = await exported('--format', 'jsonl');
  expect(code).toBe(0);
  const rows = out
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
  expect(rows.map(({ order_id }) => order_id).toSorted()).toEqual(['A', 'A', 'B']);
  const ofA = rows.filter(({ order_id }) => order_id === 'A');
  expect(ofA.map(({ order }) => order.filled_amount)).toEqual(['0', '0.50']);
  expect(ofA[0]).toMatchObject({
    account: 'main',
    order: { price: '855.10', details: { custom_order_id: 'a, "quoted"\nlabel' } },
    requested_at: new Date(start + 30_000).toISOString(),
    first_observed_at: new Date(start + 30_050).toISOString(),
    observed_by: 'get-order',
    key_version: 'v1',
  });
  expect(rows.find(({ order_id }) => order_id === 'B').order.price).toBe('-0.000000010');
  expect(stderr).toBe('3 snapshots of 10 items in the table.\n');
});

it('ops export writes CSV that is safe to open in a spreadsheet: no formulas, quotes doubled, numbers untouched', async () => {
  const { out } = await exported('--format', 'csv');
  const [heading = [], ...rows] = readCsv(out);
  expect(heading.slice(0, 3)).toEqual(['account', 'order_id', 'order_state']);
  const cells = rows.map((row) => Object.fromEntries(row.map((cell, index) => [heading[index], cell])));
  expect(cells.map(({ order_id }) => order_id).toSorted()).toEqual(['A', 'A', 'B']);
  const ofB = cells.find(({ order_id }) => order_id === 'B');
  expect(ofB).toMatchObject({ price: '-0.000000010', instrument_name: `'=HYPERLINK("http://example.com","x")` });
  const ofA = cells.find(({ filled_amount, order_id }) => order_id === 'A' && filled_amount === '0');
  expect(ofA).toMatchObject({ price: '855.10', version: '1', final: 'false', average_price: '' });
  expect(JSON.parse(ofA?.['details'] ?? '')).toEqual({ custom_order_id: 'a, "quoted"\nlabel', rpl: '0' });
});

it('ops export writes into a new file, and never overwrites one', async () => {
  const file = join(folder, 'snapshots.csv');
  const { code, out } = await exported('--format', 'csv', '--out', file);
  expect([code, out]).toEqual([0, '3 snapshots of 10 items in the table.\n']);
  expect(readFileSync(file, 'utf8')).toBe((await exported('--format', 'csv')).out);
  expect(statSync(file).mode & 0o777).toBe(0o600);
  const again = await exported('--format', 'csv', '--out', file);
  expect(again.code).toBe(2);
  expect(again.stderr).toContain('cannot be written (EEXIST): name a new file');
});

it('ops export leaves no partial file behind when the table does not exist', async () => {
  const file = join(folder, 'half.jsonl');
  const { code } = await ops.run(['export', '--table', 'gone', '--since', since, '--format', 'jsonl', '--out', file]);
  expect(code).toBe(2);
  expect(existsSync(file)).toBe(false);
});

it('ops export shows its progress on a terminal', async () => {
  const { stderr } = await ops.run(['export', '--stage', 'dev', '--since', since, '--format', 'jsonl'], {
    terminal: { columns: 60 },
  });
  const [, bar, rest] = stderr.split('\r\u001b[K');
  expect(bar).toMatch(/^\[#+\.+\] \d+ %, 10 items read$/);
  expect(rest).toBe('3 snapshots of 10 items in the table.\n');
});

it('ops export names the items that it cannot read, leaves them out, and exits 1', async () => {
  const broken = { ...snapshotItem(snapshotOf(seenOf('X', { requestedAfter: 20_000 }))), result: { S: '{}' } };
  await ops.engine.client.send(new PutItemCommand({ TableName: names.table, Item: broken }));
  const { code, stderr } = await exported('--format', 'jsonl');
  expect(code).toBe(1);
  expect(stderr).toMatch(/^main#X S#\S+ is left out: A snapshot in the table has a result that is not an order\.\n/);
  expect(stderr).toContain('3 snapshots of');
});

it.each([
  [['--format', 'xml'], '--format takes jsonl or csv'],
  [[], "Required option '--format <name>' not specified"],
  [['--format', 'csv', '--out', '/nowhere/at/all'], '--out /nowhere/at/all cannot be written (ENOENT)'],
])('ops export refuses %j', async (args, line) => {
  const { code, stderr } = await exported(...args);
  expect(code).toBe(2);
  expect(stderr).toContain(line);
});
