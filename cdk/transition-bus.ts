import { CfnOutput } from 'aws-cdk-lib';
import { CfnEventBus } from 'aws-cdk-lib/aws-events';
import { Construct } from 'constructs';
import type { Binding } from './service-function.ts';
import { stackNameOf, stackOutputs } from './stack-outputs.ts';
import type { ResolvedStage } from './stages.ts';

type TransitionBusProps = {
  readonly stage: ResolvedStage;
};

/**
 * The event bus that transitions are published to; consumers put rules on it, by its name. It has no policy, so nobody
 * outside the AWS account can put events on it. A key that EventBridge owns encrypts it. A stage that brings its own bus
 * gets none.
 */
export class TransitionBus extends Construct {
  readonly binding: Binding;

  constructor(scope: Construct, id: string, props: TransitionBusProps) {
    super(scope, id);
    const { eventBusArn, runtime } = props.stage;
    const { name, arn } =
      eventBusArn === undefined ? this.#create(runtime.name) : { name: eventBusArn, arn: eventBusArn };
    this.binding = { environment: { EVENT_BUS_NAME: name }, arns: [arn] };
    new CfnOutput(this, 'Name', {
      value: name,
      description: 'The event bus that transitions are published to; consumers put their rules on it.',
    }).overrideLogicalId(stackOutputs.transitionBus);
  }

  #create(stage: string) {
    // No description: the CloudFormation schema of GovCloud does not have it.
    const bus = new CfnEventBus(this, 'Bus', { name: stackNameOf(stage) });
    // Consumers' rules depend on it: it must not be replaced when code moves.
    bus.overrideLogicalId('TransitionBus');
    return { name: bus.ref, arn: bus.attrArn };
  }
}
