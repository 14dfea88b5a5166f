import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import * as z from 'zod/mini';
import type { Item } from '../../../lib/dynamo.ts';
import { readIndexedOrder, readWatch } from '../../../lib/snapshots/read-items.ts';
import { statuses, watchOrigins } from '../../../lib/snapshots/statuses.ts';

/*
 * Items are read by hand, because a sweep reads ten thousand of them. Here the same shapes are written once more, as
 * schemas: both have to take and refuse the same items.
 */
const S = z.object({ S: z.string() });
const N = z.object({ N: z.string().check(z.refine((text) => Math.abs(Number(text)) <= 8.64e15)) });
const BOOL = z.object({ BOOL: z.boolean() });
const times = z.object({ L: z.array(N) });
const oneOf = (values: readonly string[]) =>
  z.pipe(
    z.pipe(
      S,
      z.transform(({ S }) => S),
    ),
    z.enum(values),
  );
const optional = {
  announced_rank: S,
  applied_rank: S,
  applied_at: N,
  failed_at: times,
  attempted_at: N,
  started_by: oneOf(watchOrigins),
  listed: z.object({ M: z.object({ at: N, present: BOOL }) }),
  looked_up_at: times,
  operator: z.object({ M: z.object({ at: N, by: S, stopped: BOOL }) }),
  order_state: S,
  instrument_name: S,
  direction: S,
  order_type: S,
  price: S,
  amount: S,
  filled_amount: S,
  average_price: S,
  last_update_timestamp: N,
};
const Watch = z.object({
  schema: z.object({ N: z.literal('1') }),
  revision: N,
  opened_at: N,
  observations: z.object({ L: z.array(z.object({ M: z.object({ requested_at: N, rank: S }) })) }),
  not_found_at: times,
  ...z.partial(z.object(optional)).shape,
});
const Listed = z.extend(Watch, {
  account: S,
  order_id: S,
  status: oneOf(statuses),
  list_at: N,
  checked_at: z.optional(N),
});

const sound: Item = {
  schema: { N: '1' },
  revision: { N: '7' },
  opened_at: { N: '1' },
  observations: { L: [{ M: { requested_at: { N: '2' }, rank: { S: 'r' } } }] },
  not_found_at: { L: [{ N: '3' }] },
  failed_at: { L: [{ N: '4' }] },
  listed: { M: { at: { N: '5' }, present: { BOOL: true } } },
  operator: { M: { at: { N: '6' }, by: { S: 'anna' }, stopped: { BOOL: false } } },
  started_by: { S: 'list' },
  order_state: { S: 'open' },
  last_update_timestamp: { N: '8' },
  account: { S: 'main' },
  order_id: { S: '1' },
  status: { S: 'watched' },
  list_at: { N: '9' },
};

/** Attributes of every type, right, wrong or of nothing, by what JSON a table could ever send. */
const attribute = fc.oneof(
  fc.constantFrom(...Object.values(sound)),
  fc.record(
    {
      S: fc.constantFrom('', '1', 'list', 'final'),
      N: fc.constantFrom('1', '1e300', 'NaN', ''),
      BOOL: fc.boolean(),
      L: fc.constantFrom([], [{ N: '1' }], [{ S: '1' }], [{ M: {} }], [{}]),
      M: fc.constantFrom({}, { at: { N: '1' } }, { at: { N: '1' }, present: { S: '' } }),
    },
    { requiredKeys: [] },
  ),
);
const names = [...Object.keys(sound), ...Object.keys(optional), 'checked_at'];
const spoiled = fc.dictionary(fc.constantFrom(...names), fc.option(attribute, { nil: undefined }), { maxKeys: 3 });

describe.each([
  ['a watch', readWatch, Watch],
  ['a row of the index', readIndexedOrder, Listed],
] as const)('reading %s', (_, read, schema) => {
  it('the reader of an item refuses exactly the items that its schema refuses, and names something that is wrong in them', () => {
    fc.assert(
      fc.property(spoiled, (changes) => {
        const item: Item = JSON.parse(JSON.stringify({ ...sound, ...changes }));
        const { success, error } = z.safeParse(schema, item);
        if (success) return void read(item);
        const wrong = error.issues.map(({ path }) => `see ${path.join('.')}.`);
        expect(() => read(item)).toThrow(expect.objectContaining({ code: 'store_corrupt' }));
        expect(() => read(item)).toThrow(new RegExp(wrong.map((text) => text.replaceAll('.', '\\.')).join('|')));
      }),
      { numRuns: 2_000 },
    );
  });
});
