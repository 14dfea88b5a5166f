import { PermissionsBoundary, Stack, Validations } from 'aws-cdk-lib';
import type { Function as Lambda } from 'aws-cdk-lib/aws-lambda';
import type { Construct } from 'constructs';
import { routes } from '../lib/api/routes.ts';
import { AccountGuard } from './account-guard.ts';
import { DeadLetterQueue } from './dead-letter-queue.ts';
import { ExchangeKeys } from './exchange-keys.ts';
import { type FunctionName, functionNames } from './functions.ts';
import { HttpApi } from './http-api.ts';
import { Monitoring } from './monitoring.ts';
import { ScheduledChecks } from './scheduled-checks.ts';
import { ServiceFunction, type ServiceFunctionProps } from './service-function.ts';
import { SnapshotTableConstruct } from './snapshot-table.ts';
import { stackNameOf } from './stack-outputs.ts';
import { StackRules } from './stack-rules.ts';
import type { ResolvedStage } from './stages.ts';
import { SyntheticCheck } from './synthetic-check.ts';
import { TransitionBus } from './transition-bus.ts';
import { TransitionEvents } from './transition-events.ts';

const description =
  'Keeps a record of what an exchange says about our orders: checks them, stores snapshots, serves them over HTTP and publishes transitions.';

/** All resources of one stage. */
export class OrderStateStack extends Stack {
  constructor(scope: Construct, given: ResolvedStage) {
    const protect = given.protect && scope.node.tryGetContext('protect') !== 'false';
    const stage: ResolvedStage = { ...given, protect };
    super(scope, stackNameOf(stage.runtime.name), {
      description,
      tags: { ...stage.tags },
      terminationProtection: stage.protect,
      ...(stage.region !== undefined && { env: { region: stage.region } }),
      ...(stage.permissionsBoundaryArn !== undefined && {
        permissionsBoundary: PermissionsBoundary.fromArn(stage.permissionsBoundaryArn),
      }),
    });
    const table = new SnapshotTableConstruct(this, 'SnapshotTable', { stage });
    const exchangeKeys = new ExchangeKeys(this, 'ExchangeKeys', { stage });
    const bus = new TransitionBus(this, 'TransitionBus', { stage });
    const sweepDeadLetters = new DeadLetterQueue(this, 'SweepDeadLetters', stage);
    const transitionDeadLetters = new DeadLetterQueue(this, 'TransitionDeadLetters', stage);
    const lambdas = this.#createFunctions(stage, {
      exchangeKeys: exchangeKeys.binding,
      snapshotTable: table.binding,
      orderLists: table.lists,
      tableStream: table.stream,
      transitionBus: bus.binding,
      sweepDeadLetters: sweepDeadLetters.binding,
      // Its function puts unreadable records there itself.
      transitionDeadLetters: {
        ...transitionDeadLetters.binding,
        environment: { DEAD_LETTER_QUEUE_URL: transitionDeadLetters.queue.queueUrl },
      },
    });

    const api = new HttpApi(this, 'HttpApi', { stage, functions: lambdas });
    const schedules = new ScheduledChecks(this, 'ScheduledChecks', {
      stage,
      checkOpenOrders: lambdas('check-open-orders'),
      deadLetters: sweepDeadLetters,
    });
    const events = new TransitionEvents(this, 'TransitionEvents', {
      streamArn: table.streamArn,
      publishTransitions: lambdas('publish-transitions'),
      deadLetters: transitionDeadLetters,
    });
    const { syntheticCheck: check } = stage;
    const syntheticCheck =
      check && new SyntheticCheck(this, 'SyntheticCheck', { stage, check, getOrder: lambdas('get-order'), schedules });
    const apiFunctions = new Set(Object.values(routes).map((route) => route.function));
    new Monitoring(this, 'Monitoring', {
      stage,
      // A failure of guard-accounts fails its deployment; an alarm counts at most ten metrics, its sum included.
      functions: functionNames.filter((name) => name !== 'guard-accounts').map(lambdas),
      apiFunctions: [...apiFunctions].map(lambdas),
      checkOpenOrders: lambdas('check-open-orders'),
      publishTransitions: lambdas('publish-transitions'),
      table: table.table,
      gateway: api.gateway,
      streamMapping: events.mapping,
      sweepDeadLetters: sweepDeadLetters.queue,
      transitionDeadLetters: transitionDeadLetters.queue,
      syntheticResponses: syntheticCheck?.responses,
    });
    Validations.of(this).addPlugins(new StackRules(this, stage));
  }

  /** Every function of the table, by name. */
  #createFunctions(stage: ResolvedStage, bindings: ServiceFunctionProps['bindings']): (name: FunctionName) => Lambda {
    const functions = new Map(
      functionNames.map((name) => [name, new ServiceFunction(this, constructId(name), { name, stage, bindings })]),
    );
    const lambdas = (name: FunctionName): Lambda => {
      const found = functions.get(name);
      if (found === undefined) throw new Error(`The stack has no function ${name}.`);
      return found.lambda;
    };
    const { accounts } = stage.runtime;
    const guard = new AccountGuard(this, 'AccountGuard', { accounts, guardAccounts: lambdas('guard-accounts') });
    // A refused deployment must not have changed any function or role: until it is rolled back, a function without an
    // account would fail that account's sweep, and a role without its secret the checks.
    for (const [name, construct] of functions) if (name !== 'guard-accounts') construct.node.addDependency(guard);
    return lambdas;
  }
}

/** `GetOrder` for `get-order`. */
function constructId(name: FunctionName): string {
  return name.replace(/(?:^|-)([a-z])/g, (_, initial: string) => initial.toUpperCase());
}
