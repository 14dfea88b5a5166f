import { Duration, Stack } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { ExchangeKeys } from './exchange-keys.ts';
import { HouseFunction } from './house-function.ts';
import { HttpApi } from './http-api.ts';
import { SnapshotTable } from './snapshot-table.ts';
import type { ResolvedStage } from './stages.ts';

/** One stage, whole. */
export class OrderStateStack extends Stack {
  constructor(scope: Construct, stage: ResolvedStage) {
    const name = `order-state-snapshots-${stage.runtime.name}`;
    super(scope, name, {
      description: 'What the exchange says about our orders: asked with its key, kept, and answered over HTTP.',
      tags: { ...stage.tags },
      terminationProtection: stage.protect,
    });
    const snapshotTable = new SnapshotTable(this, 'SnapshotTable', { protect: stage.protect });
    const exchangeKeys = new ExchangeKeys(this, 'ExchangeKeys', { accounts: stage.runtime.accounts });
    const getOrder = new HouseFunction(this, 'GetOrder', {
      name: 'get-order',
      stage,
      description: 'Checks one order at the exchange, keeps what it says, and answers it.',
      // Under the gateway's 30 s, so that whoever waits hears from us and not from the gateway.
      timeout: Duration.seconds(28),
      reaches: { snapshotTable: snapshotTable.reach, exchangeKeys: exchangeKeys.reach },
    });
    new HttpApi(this, 'HttpApi', { stage, getOrder: getOrder.lambda });
  }
}
