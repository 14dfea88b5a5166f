import { createDynamoAccountReader } from '../accounts/dynamo-reader.ts';
import type { AccountTable } from '../accounts/table.ts';
import { createDynamoClient, type Environment } from '../aws/clients.ts';
import type { Clock } from '../clock.ts';
import { createDynamoReader } from '../snapshots/dynamo-reader.ts';
import type { SnapshotReader } from '../snapshots/reader.ts';
import { tableNameIn } from './settings.ts';

/** The table, for functions that only read it. Throws when the environment lacks `TABLE_NAME`. */
export function wireReader({ env, clock }: { readonly env: Environment; readonly clock: Clock }): SnapshotReader {
  return createDynamoReader({ client: createDynamoClient(env), tableName: tableNameIn(env), clock });
}

/** The accounts' items, for functions that only read them. Throws when the environment lacks `TABLE_NAME`. */
export function wireAccountReader({ env }: { readonly env: Environment }): Pick<AccountTable, 'readAccount'> {
  return createDynamoAccountReader({ client: createDynamoClient(env), tableName: tableNameIn(env) });
}
