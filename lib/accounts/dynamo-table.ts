import { type Item, number, type TableDeps } from '../dynamo.ts';
import { createDynamoAccountReader } from './dynamo-reader.ts';
import { createAccountUpdate } from './dynamo-update.ts';
import { leaseValue, listTrustValue, pauseValue, summaryValue } from './items.ts';
import type { AccountTable, SweepProgress } from './table.ts';

/** The accounts' items in DynamoDB. `items.ts` lists the item and its requests. */
export function createDynamoAccountTable({ client, tableName }: TableDeps): AccountTable {
  const update = createAccountUpdate({ client, tableName });
  return {
    ...createDynamoAccountReader({ client, tableName }),

    advanceTat: async (account, { from, to, byMs }) => {
      const after = await update(account, {
        set: 'tat = tat + :by',
        if: 'tat >= :from AND tat <= :to',
        values: { ':by': number(byMs), ':from': number(from), ':to': number(to) },
      });
      return after?.tat;
    },

    raiseTat: async (account, { below, to }) => {
      const after = await update(account, {
        set: 'tat = :to',
        if: 'attribute_not_exists(tat) OR tat < :below',
        values: { ':to': number(to), ':below': number(below) },
      });
      return after !== undefined;
    },

    takeLease: async (account, lease) => {
      return update(account, {
        set: 'lease = :lease',
        if: 'attribute_not_exists(lease) OR lease.#owner = :owner OR lease.expires_at <= :now',
        names: { '#owner': 'owner' },
        values: { ':lease': leaseValue(lease), ':owner': { S: lease.owner }, ':now': number(lease.now) },
      });
    },

    renewLease: async (account, lease, progress = {}) => {
      const values = { ...progressValues(progress), ':lease': leaseValue(lease) };
      const { listed } = progress;
      const isOwner = 'lease.#owner = :owner';
      return update(account, {
        set: assignments(values),
        if: listed === undefined ? isOwner : `${isOwner} AND ${isLatestList}`,
        names: { '#owner': 'owner' },
        values: { ...values, ':owner': { S: lease.owner } },
      });
    },

    requestHandover: async (account, owner) => {
      await update(account, { set: 'handover_requested_by = :owner', values: { ':owner': { S: owner } } });
    },

    releaseLease: async (account, owner, progress = {}) => {
      const values = progressValues(progress);
      await update(account, {
        remove: 'lease',
        if: 'lease.#owner = :owner',
        names: { '#owner': 'owner' },
        set: assignments(values),
        values: { ...values, ':owner': { S: owner } },
      });
    },

    setPause: async (account, pause) => {
      const after = await update(account, {
        set: 'pause = :pause',
        if: 'attribute_not_exists(pause) OR pause.#at < :at',
        names: { '#at': 'at' },
        values: { ':pause': pauseValue(pause), ':at': number(pause.at) },
      });
      return after !== undefined;
    },
  };
}

const isLatestList = '(attribute_not_exists(listed_at) OR listed_at <= :listed_at)';

/** By placeholder, which is the attribute's name after a colon. */
function progressValues({ listed, listTrust, summary }: SweepProgress): Item {
  return {
    ...(listed !== undefined && {
      ':listed_at': number(listed.at),
      ':listed_orders': number(listed.orders),
      ':orders_read_at': number(listed.ordersReadAt),
    }),
    ...(listTrust !== undefined && { ':list_trust': listTrustValue(listTrust) }),
    ...(summary !== undefined && { ':sweep': summaryValue(summary) }),
  };
}

function assignments(values: Item): string | undefined {
  const all = Object.keys(values).map((placeholder) => `${placeholder.slice(1)} = ${placeholder}`);
  return all.length === 0 ? undefined : all.join(', ');
}
