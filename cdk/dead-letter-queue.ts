import { CfnOutput, Duration, Validations } from 'aws-cdk-lib';
import { CfnQueue, Queue, QueueEncryption } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { customerKey } from './customer-key.ts';
import type { Binding } from './service-function.ts';
import type { StackOutput } from './stack-outputs.ts';
import type { ResolvedStage } from './stages.ts';

/** The queue of invocations and records that AWS gave up on. Messages stay 14 days, the longest that SQS keeps any. */
export class DeadLetterQueue extends Construct {
  readonly queue: Queue;
  readonly binding: Binding;

  constructor(scope: Construct, id: StackOutput, stage: ResolvedStage) {
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
    // Unread messages must not be lost when code moves.
    if (resource instanceof CfnQueue) resource.overrideLogicalId(id);
    new CfnOutput(this, 'Url', {
      value: this.queue.queueUrl,
      description: 'URL of the dead-letter queue.',
    }).overrideLogicalId(id);
    const reason =
      'It is the dead-letter queue of a schedule or a function; the rule only recognizes those of other queues.';
    const rules = ['AwsSolutions::AwsSolutions-SQS3', 'Serverless::Serverless-SQSRedrivePolicy'];
    Validations.of(this).acknowledge(...rules.map((id) => ({ id, reason })));
    this.binding = { environment: {}, arns: [this.queue.queueArn] };
  }
}
