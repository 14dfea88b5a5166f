import { type DynamoDBClient, QueryCommand } from '@aws-sdk/client-dynamodb';

/** What the table holds of one order. */
export type OrderItems = {
  /** The stored text of each snapshot's `result`, by rank. */
  readonly snapshots: ReadonlyMap<string, string>;
  readonly states: readonly string[];
  readonly headRank: string | undefined;
  readonly watchStatus: string | undefined;
};

type Items = { readonly client: DynamoDBClient; readonly tableName: string };

export async function readOrderItems({ client, tableName }: Items, account: string, id: string): Promise<OrderItems> {
  const { Items = [] } = await client.send(
    new QueryCommand({
      TableName: tableName,
      KeyConditionExpression: 'pk = :pk',
      ExpressionAttributeValues: { ':pk': { S: `${account}#${id}` } },
      ConsistentRead: true,
    }),
  );
  const snapshots = Items.filter(({ sk }) => sk?.S?.startsWith('S#'));
  const at = (sortKey: string) => Items.find(({ sk }) => sk?.S === sortKey);
  return {
    snapshots: new Map(snapshots.map(({ rank, result }) => [rank?.S ?? '', result?.S ?? ''])),
    states: snapshots.map(({ order_state }) => order_state?.S ?? ''),
    headRank: at('NOW#HEAD')?.['rank']?.S,
    watchStatus: at('NOW#WATCH')?.['status']?.S,
  };
}

/** What must never happen, counted. */
export type Damage = {
  readonly lost: number;
  readonly regressed: number;
  readonly invented: number;
  readonly closed: number;
};

export const noDamage: Damage = { lost: 0, regressed: 0, invented: 0, closed: 0 };

const final = /^(?:filled|canceled|rejected(?::.*)?|triggered)$/;

/**
 * Compares an order's items before and after a fault. `sent`: what the exchange said of it in replies that could be
 * read; undefined where nothing that it said may be stored.
 */
export function damageOf(before: OrderItems, after: OrderItems, sent: readonly string[] | undefined): Damage {
  const kept = [...before.snapshots].filter(([rank, text]) => after.snapshots.get(rank) === text).length;
  const added = [...after.snapshots].filter(([rank]) => !before.snapshots.has(rank));
  const isInvented = ([, text]: readonly [string, string]) => !sent?.some((body) => body.includes(text));
  const isEnded = after.watchStatus === 'final' || after.watchStatus === 'stopped';
  return {
    lost: before.snapshots.size - kept,
    regressed: (after.headRank ?? '') < (before.headRank ?? '') ? 1 : 0,
    invented: added.filter(isInvented).length,
    closed: isEnded && !after.states.some((state) => final.test(state)) ? 1 : 0,
  };
}

export function sumOf(a: Damage, b: Damage): Damage {
  return {
    lost: a.lost + b.lost,
    regressed: a.regressed + b.regressed,
    invented: a.invented + b.invented,
    closed: a.closed + b.closed,
  };
}
