import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { orangex } from '../../../lib/exchange/dialects/orangex.ts';
import { writeJson } from '../../../lib/exchange/json.ts';
import { changesBetween } from '../../../lib/snapshots/changes.ts';
import { orderIn } from '../../../lib/snapshots/snapshot.ts';
import { anyReply, observationOf, opened } from './observations.ts';

const key = { account: 'main', orderId: 'ORDER-1' };

/** An order whose reply has these members besides the necessary ones; `undefined` leaves a member out. */
function orderWith(members: Readonly<Record<string, string | undefined>>) {
  const { result } = observationOf(key, opened);
  const written = Object.entries(members)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `,"${name}":${value}`);
  return orderIn(result.replace(/\}$/, `${written.join('')}}`), orangex);
}

/** What a client would read of the changes. */
function reported(before: Parameters<typeof orderWith>[0], after: Parameters<typeof orderWith>[0]): string {
  return writeJson(changesBetween(orderWith(before), orderWith(after), orangex.volatile));
}

it('the changes between two orders are none between equal orders, whatever the order of their members', () => {
  expect(reported({ a: '{"x":1,"y":[2]}', b: '3' }, { b: '3', a: '{"y":[2],"x":1}' })).toBe('[]');
});

it('the changes between two orders name the field, its old value and its new value', () => {
  expect(reported({ average_price: '"0"' }, { average_price: '"855"' })).toBe(
    '[{"field":"average_price","from":"0","to":"855"}]',
  );
});

it('the changes between two orders have no from for a field that was added, and no to for one that was removed', () => {
  expect(reported({ advanced: '"usd"' }, { average_price: '1' })).toBe(
    '[{"field":"advanced","from":"usd"},{"field":"average_price","to":"1"}]',
  );
});

it('the changes between two orders list details member by member, each member as a whole', () => {
  expect(reported({ label: '"a"', legs: '[1,2]' }, { label: '"b"', legs: '[1,3]', web: 'true' })).toBe(
    '[{"field":"details.label","from":"a","to":"b"},' +
      '{"field":"details.legs","from":[1,2],"to":[1,3]},{"field":"details.web","to":true}]',
  );
});

it('the changes between two orders keep every digit, and count one more zero as a change', () => {
  expect(
    reported({ huge: '390048812767682561234', exact: '1.10' }, { huge: '390048812767682561235', exact: '1.1' }),
  ).toBe(
    '[{"field":"details.huge","from":390048812767682561234,"to":390048812767682561235},' +
      '{"field":"details.exact","from":1.10,"to":1.1}]',
  );
});

it('the changes between two orders distinguish null from absent', () => {
  expect(reported({}, { label: 'null' })).toBe('[{"field":"details.label","to":null}]');
  expect(reported({ label: 'null' }, { label: '"a"' })).toBe('[{"field":"details.label","from":null,"to":"a"}]');
});

it('a volatile detail that a list leaves out is no change, and its new value is one', () => {
  const full = orderWith({});
  const { rpl, ...details } = full.details;
  expect(rpl).toBe('0');
  const listed = { ...full, details };
  expect(changesBetween(full, listed, orangex.volatile)).toEqual([]);
  expect(changesBetween(listed, full, orangex.volatile)).toEqual([]);
  const later = { ...full, details: { ...full.details, rpl: '7' } };
  expect(changesBetween(full, later, orangex.volatile)).toEqual([{ field: 'details.rpl', from: rpl, to: '7' }]);
});

it('the changes between two orders turn the first order into the second', () => {
  fc.assert(
    fc.property(anyReply, anyReply, (first, second) => {
      const before = observationOf(key, first).order;
      const after = observationOf(key, second).order;
      const changes = changesBetween(before, after, []);
      const flat = ({ details, ...fields }: typeof before) => ({
        ...fields,
        ...Object.fromEntries(Object.entries(details).map(([name, value]) => [`details.${name}`, value])),
      });
      const applied = new Map<string, unknown>(Object.entries(flat(before)));
      for (const { field, to } of changes) applied.set(field, to);
      expect(Object.fromEntries(applied)).toEqual(flat(after));
      expect(changesBetween(after, before, []).map(({ field, from, to }) => ({ field, from: to, to: from }))).toEqual(
        changes.map(({ field, from, to }) => ({ field, from, to })),
      );
    }),
  );
});
