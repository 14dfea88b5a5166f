import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { disguisesOf } from '../functions/traces.ts';
import { leaksInExport } from './exports.ts';
import { damageOf, noDamage, type OrderItems } from './order-items.ts';
import { createRedaction, key } from './redaction.ts';
import type { RowResult } from './row.ts';
import { allRows } from './rows/index.ts';
import { type FaultStack, startFaultStack } from './stack.ts';
import { fullTable, replaceBetweenMarks } from './table.ts';
import { violationsOf } from './verdict.ts';

/** One row of each kind; `npm run faults` plays all of them. */
const played = [
  'silence',
  'more than 256 KiB of correct JSON',
  'gzip bombs',
  'connections closed before any byte',
  'resets at each stage',
  'truncation at every byte (length)',
  'HTML, of any status',
  'HTTP 429, whatever its body says',
  'redirects',
  'bytes that are not HTTP',
  'wrong and missing ids',
  'another order',
  'duplicate keys',
  'big numbers',
  'encodings',
  'TLS: a certificate expired',
  'TLS: a valid certificate',
  'any of these in the reply with the token',
  'every error code, with and without data, of orangex',
  'every throttling code of deribit',
  'unknown states',
  'times in seconds, micro- or nanoseconds, or absurd',
  'older states, and fills that go down',
  'an order that is open again after it closed',
  'the exchange is up to 5 minutes ahead or behind (tokens)',
  'the exchange is 61 s to 5 minutes ahead or behind (signatures)',
  'DynamoDB throttles, fails or is not there',
  'DynamoDB is cut off after it wrote any item',
  'a process killed before or after any request to the table',
  'Secrets Manager fails, and the key is known',
  'a sweep killed before or after any request to the table',
  'the event bus is down, throttles or fails: events come late',
  'a list without one of the orders',
  'a list that failed, is absent, or is not a list',
  'a row that is older than what is known',
  'an order that is in no list, no reply and no history',
  'an exchange that was reset',
];
const rows = allRows.filter(({ fault }) => played.includes(fault));

describe('faults', () => {
  let stack: FaultStack;
  beforeAll(async () => {
    stack = await startFaultStack();
  }, 120_000);
  afterAll(() => stack?.stop());

  it.each(rows.map((row) => [`${row.group}: ${row.fault}`, row] as const))(
    'the running stack survives the fault %s',
    async (_, row) => {
      const result = await row.run(stack, 'quick');
      expect(violationsOf(result, { isTimed: false })).toEqual([]);
    },
  );

  it('the running stack exports no credential after all faults', async () => {
    const { leaks, characters } = await leaksInExport(stack, 'jsonl');
    expect(leaks).toEqual([]);
    expect(characters).toBeGreaterThan(50_000);
  });

  it('the running stack has had all its output searched for every credential', () => {
    const { characters, credentials } = stack.redaction.searched();
    expect(characters).toBeGreaterThan(200_000);
    expect(credentials).toBeGreaterThan(50);
  });
});

it('every fault row that is played here exists in the fault matrix', () => {
  expect(rows.map(({ fault }) => fault)).toEqual(played);
});

describe('checker', () => {
  const fine: RowResult = {
    group: 'wire',
    fault: 'a fault',
    tried: 20,
    requests: 20,
    outcomes: new Map([['busy', 20]]),
    maxMs: 100,
    deadlineMs: 2_500,
    calls: 24,
    growthBytes: 0,
    damage: noDamage,
    leaks: [],
    wrong: [],
  };

  it.each<[string, Partial<RowResult>, string]>([
    ['a wrong response', { wrong: ['ok instead of busy'] }, 'ok instead of busy'],
    ['nothing tried', { tried: 0, requests: 0, calls: 0 }, 'nothing was tried'],
    ['more calls than 1.2 a request', { calls: 27 }, '27 calls for 20 requests'],
    ['a late response', { maxMs: 2_551 }, '2551 ms, deadline 2500 ms'],
    ['memory that is kept', { growthBytes: 20_100_000 }, 'memory grew by 20.1 MB'],
    ['a lost snapshot', { damage: { ...noDamage, lost: 1 } }, '1 snapshots lost'],
    ['a head that went back', { damage: { ...noDamage, regressed: 1 } }, '1 heads went back'],
    ['an invented snapshot', { damage: { ...noDamage, invented: 1 } }, '1 snapshots that the exchange did not send'],
    ['a closed order', { damage: { ...noDamage, closed: 1 } }, '1 orders closed without evidence'],
    ['a credential', { leaks: ['signature, hex'] }, 'it let out: signature, hex'],
  ])('the checker of faults finds %s', (_, change, sentence) => {
    expect(violationsOf(fine, { isTimed: true })).toEqual([]);
    expect(violationsOf({ ...fine, ...change }, { isTimed: true })).toEqual([`a fault: ${sentence}`]);
  });

  it('the checker of faults finds the damage of a fault to an order', () => {
    const before: OrderItems = {
      snapshots: new Map([['1', '{"a":1}']]),
      states: ['open'],
      headRank: '1',
      watchStatus: 'watched',
    };
    const grown = { ...before, snapshots: new Map([...before.snapshots, ['2', '{"a":2}']]), headRank: '2' };
    expect(damageOf(before, before, undefined)).toEqual(noDamage);
    expect(damageOf(before, grown, ['{"result":{"a":2}}'])).toEqual(noDamage);
    expect(damageOf(before, grown, ['{"result":{"a":3}}'])).toEqual({ ...noDamage, invented: 1 });
    expect(damageOf(before, grown, undefined)).toEqual({ ...noDamage, invented: 1 });
    expect(damageOf(grown, before, undefined)).toEqual({ ...noDamage, lost: 1, regressed: 1 });
    expect(damageOf(before, { ...before, watchStatus: 'final' }, undefined)).toEqual({ ...noDamage, closed: 1 });
    const filled = { ...before, states: ['open', 'filled'], watchStatus: 'final' };
    expect(damageOf(before, filled, undefined)).toEqual(noDamage);
  });

  const token = 'aB3dE6gH9jK2mN5pQ8sT1vW4';
  const signature = '0f1e2d3c4b5a69788796a5b4c3d2e1f00f1e2d3c4b5a69788796a5b4c3d2e1f0';
  it.each(
    [token, signature, key.clientId, key.clientSecret].flatMap((credential) =>
      disguisesOf(credential).map(([form, text]) => [credential.slice(0, 5), form, text.slice(0, 24)] as const),
    ),
  )('the checker of faults finds the credential %s… written as %s', (_, _form, planted) => {
    const redaction = createRedaction();
    redaction.granted(`{"access_token":"${token}"}`);
    redaction.sent({ headers: { authorization: `deri-hmac-sha256 id=x,sig=${signature}` } });
    redaction.seen('nothing');
    expect(redaction.leaks()).toEqual([]);
    redaction.seen(`a line with ${planted} in it`);
    expect(redaction.leaks()).not.toEqual([]);
  });
});

it('the fault table is written between two marks of a document', () => {
  expect(replaceBetweenMarks('a <!-- x --> old <!-- /x --> b', 'x', 'new')).toBe('a <!-- x -->\nnew\n<!-- /x --> b');
  expect(() => replaceBetweenMarks('a', 'x', 'new')).toThrow('<!-- x -->');
  expect(fullTable([])).toBe('');
});
