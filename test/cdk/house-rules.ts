import type { Template } from 'aws-cdk-lib/assertions';

/** Resources of a template, by logical id; CDK types their properties as anything. */
type Resources = ReturnType<Template['findResources']>;

/**
 * The rules of this house that AWS's own do not look at: nothing is tried for ever, whatever is given up leaves a dead
 * letter, and dead letters are kept encrypted until somebody has read them. One sentence for each breach.
 */
export function breachesOf(template: Template): string[] {
  const all = (type: string) => Object.entries(template.findResources(type));
  return [
    ...all('AWS::Scheduler::Schedule').flatMap(([id, { Properties: schedule }]) => [
      ...refuse(schedule.Target.RetryPolicy?.MaximumRetryAttempts !== 0, `${id} is retried when it is stale.`),
      ...refuse(schedule.Target.RetryPolicy?.MaximumEventAgeInSeconds !== 60, `${id} outlives its minute.`),
      ...refuse(!isQueue(template, schedule.Target.DeadLetterConfig?.Arn), `${id} has no dead-letter queue.`),
      ...refuse(schedule.FlexibleTimeWindow.Mode !== 'OFF', `${id} may come late.`),
    ]),
    ...all('AWS::Lambda::EventSourceMapping').flatMap(([id, { Properties: source }]) => [
      ...refuse(!within(source.MaximumRetryAttempts, 1, 10), `${id} is not retried 1 to 10 times.`),
      ...refuse(
        !within(source.MaximumRecordAgeInSeconds, 3_600, 86_399),
        `${id} gives up before an hour, or not before the stream drops its records at 24.`,
      ),
      ...refuse(!source.BisectBatchOnFunctionError, `${id} gives up a whole batch for one record.`),
      ...refuse(
        !source.FunctionResponseTypes?.includes('ReportBatchItemFailures'),
        `${id} does again what was done of a batch.`,
      ),
      ...refuse(
        !isQueue(template, source.DestinationConfig?.OnFailure?.Destination),
        `${id} has no dead-letter queue.`,
      ),
      ...refuse(source.FilterCriteria === undefined, `${id} is invoked for every touch of a watch.`),
    ]),
    ...all('AWS::Lambda::Function').flatMap(([id]) => {
      const config = all('AWS::Lambda::EventInvokeConfig').find(([, { Properties: of }]) => of.FunctionName.Ref === id);
      const {
        MaximumRetryAttempts: retries,
        MaximumEventAgeInSeconds: age,
        DestinationConfig: destination,
      } = config?.[1]['Properties'] ?? {};
      return [
        ...refuse(retries !== 0 || age !== 60, `${id} is invoked again and again when nobody waits for it.`),
        ...refuse(
          isScheduled(template, id) && !isQueue(template, destination?.OnFailure?.Destination),
          `${id} fails without a trace when the schedule invoked it.`,
        ),
      ];
    }),
    ...all('AWS::DynamoDB::GlobalTable').flatMap(([id, { Properties: table }]) =>
      refuse(
        table.StreamSpecification?.StreamViewType !== 'NEW_AND_OLD_IMAGES',
        `${id} does not tell what its items were and are.`,
      ),
    ),
    ...all('AWS::SQS::Queue').flatMap(([id, { Properties: queue }]) => [
      ...refuse(!(queue.SqsManagedSseEnabled || queue.KmsMasterKeyId), `${id} keeps its messages unencrypted.`),
      ...refuse(queue.MessageRetentionPeriod !== 1_209_600, `${id} throws messages away before 14 days.`),
      ...refuse(!takesTlsOnly(template, id), `${id} takes messages over plain http.`),
    ]),
    ...all('AWS::Events::EventBusPolicy').map(([id]) => `${id} lets others put events on the bus.`),
  ];
}

function refuse(isBreached: boolean, sentence: string): string[] {
  return isBreached ? [sentence] : [];
}

function within(value: unknown, least: number, most: number): boolean {
  return typeof value === 'number' && value >= least && value <= most;
}

function isQueue(template: Template, arn: { 'Fn::GetAtt'?: string[] } | undefined): boolean {
  const queues: Resources = template.findResources('AWS::SQS::Queue');
  return Object.hasOwn(queues, arn?.['Fn::GetAtt']?.[0] ?? '');
}

function isScheduled(template: Template, id: string): boolean {
  return Object.values(template.findResources('AWS::Scheduler::Schedule')).some(
    ({ Properties: schedule }) => schedule.Target.Arn['Fn::GetAtt'][0] === id,
  );
}

function takesTlsOnly(template: Template, id: string): boolean {
  return Object.values(template.findResources('AWS::SQS::QueuePolicy'))
    .filter(({ Properties: policy }) => policy.Queues.some((queue: { Ref: string }) => queue.Ref === id))
    .flatMap(({ Properties: policy }) => policy.PolicyDocument.Statement)
    .some((statement) => statement.Effect === 'Deny' && statement.Condition?.Bool?.['aws:SecureTransport'] === 'false');
}
