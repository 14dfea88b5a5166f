import { Duration, Stack } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { DeadLetters } from './dead-letters.ts';
import { ExchangeKeys } from './exchange-keys.ts';
import { HouseFunction } from './house-function.ts';
import { HttpApi } from './http-api.ts';
import { Monitoring } from './monitoring.ts';
import { ScheduledChecks } from './scheduled-checks.ts';
import { SnapshotTable } from './snapshot-table.ts';
import type { ResolvedStage } from './stages.ts';
import { TransitionBus } from './transition-bus.ts';
import { TransitionEvents } from './transition-events.ts';

/** One stage, whole. */
export class OrderStateStack extends Stack {
  constructor(scope: Construct, stage: ResolvedStage) {
    const name = `order-state-snapshots-${stage.runtime.name}`;
    super(scope, name, {
      description:
        'What the exchange says about our orders: asked with its key, kept, answered over HTTP, and told when it changes.',
      tags: { ...stage.tags },
      terminationProtection: stage.protect,
    });
    const snapshotTable = new SnapshotTable(this, 'SnapshotTable', { protect: stage.protect });
    const exchangeKeys = new ExchangeKeys(this, 'ExchangeKeys', { accounts: stage.runtime.accounts });
    // Under the gateway's 30 s, so that whoever waits hears from us and not from the gateway.
    const doorTimeout = Duration.seconds(28);
    const { lambda: getOrder } = new HouseFunction(this, 'GetOrder', {
      name: 'get-order',
      stage,
      description: 'Checks one order at the exchange, keeps what it says, and answers it.',
      timeout: doorTimeout,
      reaches: { snapshotTable: snapshotTable.reach, exchangeKeys: exchangeKeys.reach },
    });

    const transitionBus = new TransitionBus(this, 'TransitionBus', { stageName: stage.runtime.name });
    const sweepDeadLetters = new DeadLetters(this, 'SweepDeadLetters');
    const transitionDeadLetters = new DeadLetters(this, 'TransitionDeadLetters');
    const { lambda: changeWatch } = new HouseFunction(this, 'ChangeWatch', {
      name: 'change-watch',
      stage,
      description: 'Starts or stops the watch of one order, and keeps who asked for it.',
      timeout: doorTimeout,
      reaches: { snapshotTable: snapshotTable.reach, orderLists: snapshotTable.lists },
    });
    const { lambda: checkOpenOrders } = new HouseFunction(this, 'CheckOpenOrders', {
      name: 'check-open-orders',
      stage,
      description: 'Checks the orders of one account that are due, the longest due first.',
      // A sweep goes on until the next minute's has taken over, and that one may be late.
      timeout: Duration.seconds(150),
      reaches: {
        snapshotTable: snapshotTable.reach,
        orderLists: snapshotTable.lists,
        exchangeKeys: exchangeKeys.reach,
        deadLetters: sweepDeadLetters.reach,
      },
      // For each account the sweep that goes and the one that takes over.
      ...(stage.reserveConcurrency ? { reservedConcurrency: 2 * Object.keys(stage.runtime.accounts).length } : {}),
    });
    const { lambda: publishTransitions } = new HouseFunction(this, 'PublishTransitions', {
      name: 'publish-transitions',
      stage,
      description: "Tells the event bus what changed in the table's orders and watches.",
      timeout: Duration.seconds(30),
      reaches: {
        transitionBus: transitionBus.reach,
        tableStream: snapshotTable.stream,
        deadLetters: transitionDeadLetters.reach,
      },
    });

    new HttpApi(this, 'HttpApi', { stage, getOrder, changeWatch });
    new ScheduledChecks(this, 'ScheduledChecks', {
      stage: stage.runtime,
      checkOpenOrders,
      deadLetters: sweepDeadLetters,
    });
    new TransitionEvents(this, 'TransitionEvents', {
      streamArn: snapshotTable.streamArn,
      publishTransitions,
      deadLetters: transitionDeadLetters,
    });
    new Monitoring(this, 'Monitoring', {
      stage: stage.runtime,
      alarmTopicArn: stage.alarmTopicArn,
      functions: [getOrder, changeWatch, checkOpenOrders, publishTransitions],
      publishTransitions,
      sweepDeadLetters: sweepDeadLetters.queue,
      transitionDeadLetters: transitionDeadLetters.queue,
    });
  }
}
