import { createHash } from 'node:crypto';
import * as z from 'zod/mini';
import { badRequest } from './bad-request.ts';

/**
 * All that makes a list the one it is: the route, the account, the parameters. A cursor holds none of it, only a digest
 * over it, so that the cursor of another list is noticed; what is read is always said by the request itself.
 */
export type CursorScope = readonly (string | number | undefined)[];

const checkDigits = 16;

/** Where a page ended, as a text that `readCursor` takes back for the same list. */
export function writeCursor(scope: CursorScope, position: string): string {
  const check = createHash('sha256')
    .update(JSON.stringify([...scope, position]))
    .digest('hex')
    .slice(0, checkDigits);
  return Buffer.from(`${check}${position}`).toString('base64url');
}

/** The position in a cursor. Throws `bad_request` when it is of another list, or of none. */
export function readCursor<Position extends z.ZodMiniType>(
  scope: CursorScope,
  shape: Position,
  cursor: string,
): z.output<Position> {
  const position = Buffer.from(cursor, 'base64url').toString().slice(checkDigits);
  const parsed = z.safeParse(shape, position);
  // Anybody can compute the check: the shape keeps out of the table's keys what no page ever ended with.
  if (parsed.success && writeCursor(scope, position) === cursor) return parsed.data;
  throw badRequest([
    {
      name: 'cursor',
      message: 'must be the cursor of an earlier page of this same list, unchanged; without it the list starts anew',
    },
  ]);
}
