import { Duration, PermissionsBoundary, Stack, Validations } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { AccountGuard } from './account-guard.ts';
import { DeadLetterQueue } from './dead-letter-queue.ts';
import { ExchangeKeys } from './exchange-keys.ts';
import { HttpApi } from './http-api.ts';
import { Monitoring } from './monitoring.ts';
import { ScheduledChecks } from './scheduled-checks.ts';
import { ServiceFunction } from './service-function.ts';
import { SnapshotTable } from './snapshot-table.ts';
import { StackRules } from './stack-rules.ts';
import type { ResolvedStage } from './stages.ts';
import { SyntheticCheck } from './synthetic-check.ts';
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
      ...(stage.region === undefined ? {} : { env: { region: stage.region } }),
      ...(stage.permissionsBoundaryArn === undefined
        ? {}
        : { permissionsBoundary: PermissionsBoundary.fromArn(stage.permissionsBoundaryArn) }),
    });
    const snapshotTable = new SnapshotTable(this, 'SnapshotTable', { stage });
    const exchangeKeys = new ExchangeKeys(this, 'ExchangeKeys', { stage });
    // Under the gateway's 30 s, so that whoever waits hears from us and not from the gateway.
    const apiTimeout = Duration.seconds(28);
    const asks = { snapshotTable: snapshotTable.binding, exchangeKeys: exchangeKeys.binding };
    const { lambda: getOrder } = new ServiceFunction(this, 'GetOrder', {
      name: 'get-order',
      stage,
      description: 'Checks one order at the exchange, keeps what it says, and answers it.',
      timeout: apiTimeout,
      bindings: asks,
    });
    const { lambda: checkOrders } = new ServiceFunction(this, 'CheckOrders', {
      name: 'check-orders',
      stage,
      description: 'Checks up to 100 orders at the exchange, keeps what it says, and answers them.',
      timeout: apiTimeout,
      bindings: asks,
    });
    const { lambda: getOrderState } = new ServiceFunction(this, 'GetOrderState', {
      name: 'get-order-state',
      stage,
      description: "Takes the exchange's own request, and answers it as the exchange would.",
      timeout: apiTimeout,
      bindings: asks,
    });
    const { lambda: listOrders } = new ServiceFunction(this, 'ListOrders', {
      name: 'list-orders',
      stage,
      description: 'Lists the orders of an account by their state, from the table.',
      timeout: apiTimeout,
      bindings: { orderLists: snapshotTable.lists },
    });
    const { lambda: listSnapshots } = new ServiceFunction(this, 'ListSnapshots', {
      name: 'list-snapshots',
      stage,
      description: 'Tells the history of one order, from the table.',
      timeout: apiTimeout,
      bindings: { snapshotTable: snapshotTable.binding },
    });

    const transitionBus = new TransitionBus(this, 'TransitionBus', { stage });
    const sweepDeadLetters = new DeadLetterQueue(this, 'SweepDeadLetters', stage);
    const transitionDeadLetters = new DeadLetterQueue(this, 'TransitionDeadLetters', stage);
    const { lambda: changeWatch } = new ServiceFunction(this, 'ChangeWatch', {
      name: 'change-watch',
      stage,
      description: 'Starts or stops the watch of one order, and keeps who asked for it.',
      timeout: apiTimeout,
      bindings: { snapshotTable: snapshotTable.binding },
    });
    const { lambda: checkOpenOrders } = new ServiceFunction(this, 'CheckOpenOrders', {
      name: 'check-open-orders',
      stage,
      description: 'Checks the orders of one account that are due, the longest due first.',
      // A sweep goes on until the next minute's has taken over, and that one may be late.
      timeout: Duration.seconds(150),
      bindings: {
        snapshotTable: snapshotTable.binding,
        orderLists: snapshotTable.lists,
        exchangeKeys: exchangeKeys.binding,
        deadLetters: sweepDeadLetters.binding,
      },
      // For each account the sweep that goes and the one that takes over.
      ...(stage.reserveConcurrency ? { reservedConcurrency: 2 * Object.keys(stage.runtime.accounts).length } : {}),
    });
    const { lambda: publishTransitions } = new ServiceFunction(this, 'PublishTransitions', {
      name: 'publish-transitions',
      stage,
      description: "Tells the event bus what changed in the table's orders and watches.",
      timeout: Duration.seconds(30),
      bindings: {
        transitionBus: transitionBus.binding,
        tableStream: snapshotTable.stream,
        deadLetters: transitionDeadLetters.binding,
      },
    });

    const { lambda: guardAccounts } = new ServiceFunction(this, 'GuardAccounts', {
      name: 'guard-accounts',
      stage,
      description: 'Refuses the deployment that removes an account while an order of it is on watch.',
      timeout: Duration.seconds(30),
      bindings: { orderLists: snapshotTable.lists },
    });
    const accountGuard = new AccountGuard(this, 'AccountGuard', { accounts: stage.runtime.accounts, guardAccounts });

    const apiFunctions = {
      'get-order': getOrder,
      'check-orders': checkOrders,
      'get-order-state': getOrderState,
      'list-orders': listOrders,
      'list-snapshots': listSnapshots,
      'change-watch': changeWatch,
    };
    // A deployment that is refused has not changed the functions yet: no sweep has failed for an account that it removes.
    for (const lambda of [...Object.values(apiFunctions), checkOpenOrders]) lambda.node.addDependency(accountGuard);
    new HttpApi(this, 'HttpApi', { stage, functions: apiFunctions });
    const schedules = new ScheduledChecks(this, 'ScheduledChecks', {
      stage,
      checkOpenOrders,
      deadLetters: sweepDeadLetters,
    });
    new TransitionEvents(this, 'TransitionEvents', {
      streamArn: snapshotTable.streamArn,
      publishTransitions,
      deadLetters: transitionDeadLetters,
    });
    const { syntheticCheck: check } = stage;
    const syntheticCheck =
      check === undefined
        ? undefined
        : new SyntheticCheck(this, 'SyntheticCheck', { stage, check, getOrder, schedules });
    new Monitoring(this, 'Monitoring', {
      stage: stage.runtime,
      alarmTopicArn: stage.alarmTopicArn,
      functions: [...Object.values(apiFunctions), checkOpenOrders, publishTransitions, guardAccounts],
      apiFunctions: Object.values(apiFunctions),
      checkOpenOrders,
      publishTransitions,
      table: snapshotTable.table,
      sweepDeadLetters: sweepDeadLetters.queue,
      transitionDeadLetters: transitionDeadLetters.queue,
      syntheticAnswers: syntheticCheck?.answers,
    });
    Validations.of(this).addPlugins(new StackRules(this, stage));
  }
}
