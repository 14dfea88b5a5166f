import { type DynamoDBClient, paginateListTables } from '@aws-sdk/client-dynamodb';

/** The table's name as CloudFormation made it: the stack's, the table's in the template, and something random. */
export async function tableOfStage(client: DynamoDBClient, stage: string): Promise<string> {
  const prefix = `order-state-snapshots-${stage}-SnapshotTable`;
  const found: string[] = [];
  for await (const { TableNames = [] } of paginateListTables({ client }, {}))
    found.push(...TableNames.filter((name) => name.startsWith(prefix)));
  const [only, ...others] = found;
  if (only !== undefined && others.length === 0) return only;
  throw new Error(`${found.length} tables are called ${prefix}…: give --table, or look at --region`);
}
