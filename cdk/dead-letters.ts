import { Duration, Validations } from 'aws-cdk-lib';
import { CfnQueue, Queue, QueueEncryption } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import type { Reach } from './house-function.ts';

/** Where AWS leaves word of what it gave up on, until a person has read it: 14 days, the longest that SQS keeps any. */
export class DeadLetters extends Construct {
  readonly queue: Queue;
  readonly reach: Reach;

  constructor(scope: Construct, id: string) {
    super(scope, id);
    this.queue = new Queue(this, 'Queue', {
      encryption: QueueEncryption.SQS_MANAGED,
      enforceSSL: true,
      retentionPeriod: Duration.days(14),
    });
    const resource = this.queue.node.defaultChild;
    // Unread letters are not thrown away when code moves.
    if (resource instanceof CfnQueue) resource.overrideLogicalId(id);
    Validations.of(this).acknowledge({
      id: 'AwsSolutions::AwsSolutions-SQS3',
      reason: 'It is a dead-letter queue itself, of a schedule or a function: the rule looks for those of queues only.',
    });
    this.reach = { environment: {}, arns: [this.queue.queueArn] };
  }
}
