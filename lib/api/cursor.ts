import { createHash } from 'node:crypto';
import * as z from 'zod/mini';
import { badRequest } from './bad-request.ts';

/**
 * What identifies a list: route, account, parameters. A cursor holds only a digest of it, so that the cursor of another
 * list is noticed; what is read is always determined by the request itself.
 */
export type CursorScope = readonly (string | number | undefined)[];

const checkDigits = 16;

/** The end of a page, as text that `readCursor` accepts for the same list. */
export function writeCursor(scope: CursorScope, position: string): string {
  const check = createHash('sha256')
    .update(JSON.stringify([...scope, position]))
    .digest('hex')
    .slice(0, checkDigits);
  return Buffer.from(`${check}${position}`).toString('base64url');
}

/** The position in a cursor. Throws `bad_request` for the cursor of another list, and for any other text. */
export function readCursor<Position extends z.ZodMiniType>(
  scope: CursorScope,
  shape: Position,
  cursor: string,
): z.output<Position> {
  const position = Buffer.from(cursor, 'base64url').toString().slice(checkDigits);
  const parsed = z.safeParse(shape, position);
  // Anybody can compute the checksum, so the shape is checked, too: only what a page can have ended with reaches the
  // table's keys.
  if (parsed.success && writeCursor(scope, position) === cursor) return parsed.data;
  throw badRequest([
    {
      name: 'cursor',
      message: 'must be the unchanged cursor of an earlier page of this list; leave it out to start over',
    },
  ]);
}
