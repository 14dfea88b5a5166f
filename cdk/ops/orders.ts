import { parseArgs } from 'node:util';
import { listedOrder } from '../../lib/api/presenters.ts';
import { createDynamoReader } from '../../lib/snapshots/dynamo-reader.ts';
import type { ListEntry, ListPosition } from '../../lib/snapshots/reader.ts';
import type { List } from '../../lib/snapshots/table.ts';
import { iso } from '../../lib/time.ts';
import { columns } from './columns.ts';
import type { Command } from './command.ts';
import { duration } from './duration.ts';
import { accountOf, oneOf, placeOf, Refusal, shared, sharedHelp, text, wholeNumber } from './options.ts';
import { openTable } from './stack.ts';

const states = ['live', 'attention', 'final'] as const;
type State = (typeof states)[number];

const lists: Readonly<Record<State, List>> = { live: 'watch', attention: 'attention', final: 'final' };
const maxOrders = 1_000;

const help = `Lists the orders of an account: what is watched, what a person should look at, or what is over.

  npm run ops -- orders --account main --stage prod                      live orders, the next due first
  npm run ops -- orders --account main --stage prod --state attention    missing, unknown and inconsistent ones
  npm run ops -- orders --account main --stage prod --state final        closed ones, the last closed first

Options
  --account NAME  the account
  --state STATE   live, attention or final (default live)
  --limit N       orders on a page, 1 to ${maxOrders} (default 50)
  --after PLACE   the page after one, as its last line says
${sharedHelp}
The list comes from an index that may be some moments behind the table. Age is since the exchange last confirmed it.
Exit codes: 0 done, 1 failed, 2 wrong options.
`;

export const orders: Command = {
  name: 'orders',
  does: 'lists the orders of an account, and when each is due',
  help,
  run: async (args, { terminal, clock }) => {
    const options = { ...shared, account: text, state: text, limit: text, after: text };
    const { values } = parseArgs({ args: [...args], options });
    const account = accountOf(values.account);
    const state = oneOf('state', states, values.state ?? 'live');
    const limit = wholeNumber('limit', values.limit ?? '50', 1, maxOrders);
    const after = values.after === undefined ? undefined : positionOf(values.after);
    const reader = createDynamoReader({ ...(await openTable(placeOf(values))), clock });
    const { rows, next } = await reader.list(account, lists[state], { after, limit });

    const now = clock.now();
    const last = next && rows.at(-1);
    const cursor = last && `${last.at}/${last.orderId}`;
    if (values.json) {
      const shown = rows.map((entry) => listedOrder(entry, now));
      terminal.out(`${JSON.stringify({ account, state, orders: shown, cursor })}\n`);
      return 0;
    }
    const heading = ['order', 'status', state === 'final' ? 'closed' : 'due', 'last checked', 'age'];
    if (rows.length > 0) terminal.out(columns([heading, ...rows.map((entry) => shownInCells(entry, now))]));
    else terminal.out(`Account ${account} has no ${state} orders${after === undefined ? '' : ' after that one'}.\n`);
    if (cursor !== undefined) terminal.out(`There are more: add --after ${cursor}\n`);
    return 0;
  },
};

function positionOf(given: string): ListPosition {
  const [, at, orderId] = /^(\d{1,13})\/([A-Za-z0-9._-]{1,64})$/.exec(given) ?? [];
  if (orderId === undefined) throw new Refusal('--after takes what the last line of the page before says');
  return { at: Number(at), orderId };
}

function shownInCells({ orderId, status, at, checkedAt }: ListEntry, now: number): readonly string[] {
  const checked = checkedAt === undefined ? ['never', '-'] : [iso(checkedAt), duration(now - checkedAt)];
  return [orderId, status, iso(at), ...checked];
}
