import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import * as z from 'zod/mini';
import { type CursorScope, readCursor, writeCursor } from '../../../lib/api/cursor.ts';
import { cursor as cursorParameter } from '../../../lib/api/parameters.ts';
import { failureOf } from '../thrown.ts';

const Position = z.string().check(z.regex(/^[a-z0-9 .]{1,97}$/));
const scope: CursorScope = ['listSnapshots', 'main', 'ORDER-1', 0, undefined];

function refusalOf(cursor: string, of = scope) {
  return failureOf(Promise.resolve().then(() => readCursor(of, Position, cursor)));
}

const position = fc.stringMatching(/^[a-z0-9 .]{1,97}$/);

describe('cursors', () => {
  it('a cursor leads back to its position, and is a valid request parameter', () => {
    fc.assert(
      fc.property(position, (at) => {
        const cursor = writeCursor(scope, at);
        expect(readCursor(scope, Position, cursor)).toBe(at);
        expect(z.safeParse(cursorParameter, cursor).success).toBe(true);
      }),
    );
  });

  it('a cursor with any one character changed is refused', async () => {
    const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
    await fc.assert(
      fc.asyncProperty(position, fc.nat(), fc.nat({ max: 62 }), async (at, place, other) => {
        const cursor = writeCursor(scope, at);
        const i = place % cursor.length;
        const [character = ''] = [...alphabet.replace(cursor[i] ?? '', '')].slice(other);
        const mutated = `${cursor.slice(0, i)}${character}${cursor.slice(i + 1)}`;
        expect((await refusalOf(mutated)).code).toBe('bad_request');
      }),
    );
  });

  it('a cursor that is shortened or lengthened is refused', async () => {
    const cursor = writeCursor(scope, '1597129894026.1');
    for (let length = 0; length < cursor.length; length++) await refusalOf(cursor.slice(0, length));
    await refusalOf(`${cursor}A`);
    await refusalOf(`${cursor}==`);
    await refusalOf(`${cursor}${cursor}`);
  });

  it.each<[string, CursorScope]>([
    ['of another route', ['listOrders', 'main', 'ORDER-1', 0, undefined]],
    ['of another account', ['listSnapshots', 'other', 'ORDER-1', 0, undefined]],
    ['of another order', ['listSnapshots', 'main', 'ORDER-2', 0, undefined]],
    ['of other parameters', ['listSnapshots', 'main', 'ORDER-1', 1, undefined]],
    ['of fewer parameters', ['listSnapshots', 'main', 'ORDER-1', 0]],
    ['whose parts are divided otherwise', ['listSnapshots', 'mainORDER-1', '', 0, undefined]],
  ])('a cursor %s is refused', async (_, other) => {
    await refusalOf(writeCursor(other, '1'));
    await refusalOf(writeCursor(scope, '1'), other);
  });

  it('a cursor whose position belongs to no list is refused, even with a valid checksum', async () => {
    await refusalOf(writeCursor(scope, 'NOW#WATCH'));
    await refusalOf(writeCursor(scope, ''));
  });

  it('a cursor that is refused is named, with what to do', async () => {
    expect(await refusalOf('AAAA')).toMatchObject({
      message:
        'Parameter "cursor" must be the unchanged cursor of an earlier page of this list; leave it out to start over.',
      members: { parameters: ['cursor'] },
    });
  });
});
