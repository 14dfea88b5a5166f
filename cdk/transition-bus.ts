import { CfnOutput } from 'aws-cdk-lib';
import { CfnEventBus } from 'aws-cdk-lib/aws-events';
import { Construct } from 'constructs';
import type { Binding } from './service-function.ts';
import type { ResolvedStage } from './stages.ts';

export type TransitionBusProps = {
  readonly stage: ResolvedStage;
};

/**
 * Where consumers hear of transitions: they put their rules on it, by its name. It has no policy, so nobody outside the
 * AWS account can put events on it. Encrypted by a key that EventBridge owns. A stage that brings its own bus has none.
 */
export class TransitionBus extends Construct {
  readonly binding: Binding;

  constructor(scope: Construct, id: string, props: TransitionBusProps) {
    super(scope, id);
    const { eventBusArn, runtime } = props.stage;
    if (eventBusArn !== undefined) {
      this.binding = { environment: { EVENT_BUS_NAME: eventBusArn }, arns: [eventBusArn] };
      return;
    }
    const name = `order-state-snapshots-${runtime.name}`;
    const bus = new CfnEventBus(this, 'Bus', { name, description: 'Transitions of the orders that we watch.' });
    // What others hang their rules on is not replaced when code moves.
    bus.overrideLogicalId('TransitionBus');
    new CfnOutput(this, 'Name', {
      value: bus.ref,
      description: 'The event bus; put rules on it to hear of transitions.',
    });
    this.binding = { environment: { EVENT_BUS_NAME: bus.ref }, arns: [bus.attrArn] };
  }
}
