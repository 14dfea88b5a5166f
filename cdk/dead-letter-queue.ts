import { Duration, Validations } from 'aws-cdk-lib';
import { CfnQueue, Queue, QueueEncryption } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { customerKey } from './customer-key.ts';
import type { Binding } from './service-function.ts';
import type { ResolvedStage } from './stages.ts';

/** Where AWS leaves word of what it gave up on, until a person has read it: 14 days, the longest that SQS keeps any. */
export class DeadLetterQueue extends Construct {
  readonly queue: Queue;
  readonly binding: Binding;

  constructor(scope: Construct, id: string, stage: ResolvedStage) {
    super(scope, id);
    const key = customerKey(this, stage);
    this.queue = new Queue(this, 'Queue', {
      ...(key === undefined
        ? { encryption: QueueEncryption.SQS_MANAGED }
        : { encryption: QueueEncryption.KMS, encryptionMasterKey: key }),
      enforceSSL: true,
      retentionPeriod: Duration.days(14),
    });
    const resource = this.queue.node.defaultChild;
    // Unread letters are not thrown away when code moves.
    if (resource instanceof CfnQueue) resource.overrideLogicalId(id);
    const reason =
      'It is a dead-letter queue itself, of a schedule or a function: the rule looks for those of queues only.';
    const rules = ['AwsSolutions::AwsSolutions-SQS3', 'Serverless::Serverless-SQSRedrivePolicy'];
    Validations.of(this).acknowledge(...rules.map((id) => ({ id, reason })));
    this.binding = { environment: {}, arns: [this.queue.queueArn] };
  }
}
