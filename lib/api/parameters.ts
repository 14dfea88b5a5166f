import * as z from 'zod/mini';
import { dialects } from '../exchange/dialects/index.ts';
import { orderIdPattern } from '../exchange/order.ts';
import { listNames } from '../snapshots/statuses.ts';
import { accountPattern } from '../stage/stage.ts';
import { define } from './define.ts';

/*
 * The parameters of requests, each with the message for a malformed one. Requests are checked by these schemas, the
 * OpenAPI document describes them, and the typed client is typed by them.
 */

/** How a number in a query is written; anything else is left to the number's own schema, which refuses it. */
const digits = /* @__PURE__ */ define(() =>
  z.transform((text: unknown) => (typeof text === 'string' && /^\d{1,15}$/.test(text) ? Number(text) : text)),
);

export const account = /* @__PURE__ */ define(() =>
  z
    .string('must be a string')
    .check(
      z.regex(accountPattern, 'must be 1 to 32 characters from a-z, 0-9 and -'),
      z.describe('An account of the stage.'),
    ),
);

export const orderId = /* @__PURE__ */ define(() =>
  z
    .string('must be a string')
    .check(
      z.regex(orderIdPattern, 'must be 1 to 64 characters from A-Z, a-z, 0-9, ., _ and -'),
      z.describe('The id that the exchange gave the order.'),
    ),
);

const seconds = 'must be a whole number of seconds, 0 to 999999';
const maxAgeSeconds = /* @__PURE__ */ define(() =>
  z
    .int(seconds)
    .check(
      z.gte(0, seconds),
      z.lte(999_999, seconds),
      z.describe(
        'Seconds. If the exchange confirmed the state at most this long ago, it comes from the table; 0 always calls the exchange. Without max_age, the exchange is called for a live order, and a final one comes from the table.',
      ),
    ),
);
/** In a query, and in a body. */
export const maxAge = /* @__PURE__ */ define(() => z.pipe(digits, maxAgeSeconds));
export const maxAgeInBody = maxAgeSeconds;

export const defaultRows = 20;
const maxRows = 100;
const rows = `must be a whole number, 1 to ${maxRows}`;
export const limit = /* @__PURE__ */ define(() =>
  z.pipe(
    digits,
    z
      .int(rows)
      .check(
        z.gte(1, rows),
        z.lte(maxRows, rows),
        z.describe(`The maximum number of rows on a page; ${defaultRows} by default. A page may have fewer.`),
      ),
  ),
);
/** How many orders one request may check. */
export const maxOrders = 100;

/** Whether a cursor belongs to the list it is used on is checked when it is read. */
export const cursor = /* @__PURE__ */ define(() =>
  z
    .string('must be a string')
    .check(
      z.regex(/^[A-Za-z0-9_-]{1,512}$/, 'must be the cursor of an earlier page, unchanged'),
      z.describe('The `cursor` of the previous page, unchanged; all other parameters must be the same.'),
    ),
);

const moment = 'must be a time with its zone, such as 2026-11-23T08:00:07.250Z (a + is written %2B)';
function time(message: string) {
  return z.iso.datetime({ offset: true, error: moment }).check(z.maxLength(40, moment), z.describe(message));
}
export const since = /* @__PURE__ */ define(() => time('Snapshots at or after this exchange time.'));
export const until = /* @__PURE__ */ define(() => time('Snapshots at or before this exchange time.'));
export const at = /* @__PURE__ */ define(() => time('The snapshot that was current at this exchange time.'));
export const believedAt = /* @__PURE__ */ define(() =>
  time(
    'What this record said at this time by our clock: the snapshot that was current among those first observed by then, and the audit entries up to then.',
  ),
);

export const instrumentName = /* @__PURE__ */ define(() =>
  z
    .string('must be a string')
    .check(
      z.regex(/^[A-Za-z0-9._-]{1,64}$/, 'must be 1 to 64 characters from A-Z, a-z, 0-9, ., _ and -'),
      z.describe('Only orders of this instrument.'),
    ),
);

export const state = /* @__PURE__ */ define(() =>
  z
    .enum(listNames, `must be one of ${listNames.join(', ')}`)
    .check(
      z.describe(
        'live: open orders that are watched, in the order of their next checks. final: closed orders, the latest first. attention: orders that the exchange does not find, contradicts itself about, or reports in a state that we do not recognize; they are still watched.',
      ),
    ),
);

const versions = /* @__PURE__ */ define(() =>
  Object.values(dialects)
    .map(({ name, version }) => `${version} of ${name}`)
    .join(', '),
);
/** The version in the path of the exchange's own base URL. */
export const version = /* @__PURE__ */ define(() =>
  z
    .string('must be a string')
    .check(
      z.regex(/^v\d{1,2}$/, "must be the version in the exchange's own address, such as v1"),
      z.describe(`The version in the exchange's own address: ${versions}.`),
    ),
);
