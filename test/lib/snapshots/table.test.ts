import { afterAll, beforeAll, describe } from 'vitest';
import { createDynamoTable } from '../../../lib/snapshots/dynamo-table.ts';
import { createDynamoWatchCommandTable } from '../../../lib/snapshots/dynamo-watch-command-table.ts';
import { type Engine, engines } from '../../engines.ts';
import { createMemoryTable } from './memory-table.ts';
import { policy, testSnapshotTableContract } from './table-contract.ts';

describe('the snapshot table in memory:', () => {
  const table = createMemoryTable(() => policy);
  testSnapshotTableContract(() => table);
});

describe.each(engines)('the snapshot table on $name:', ({ start, present }) => {
  describe.runIf(present)('which is here', () => {
    let engine: Engine;
    beforeAll(async () => {
      engine = await start();
    });
    afterAll(() => engine.stop());
    testSnapshotTableContract(() => {
      const deps = { ...engine, policyOf: () => policy };
      return { ...createDynamoTable(deps), ...createDynamoWatchCommandTable(deps) };
    });
  });
});
