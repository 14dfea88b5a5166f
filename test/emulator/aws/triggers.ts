import * as z from 'zod/mini';
import { type Passes, readPattern } from './pattern.ts';
import { TemplateError } from './template.ts';

/** A schedule, and what it hands to its function. */
export type LocalSchedule = {
  readonly name: string;
  /** When it fires on AWS. */
  readonly expression: string;
  readonly functionName: string;
  readonly input: string;
};

/** The stream of a table's changes. */
export type LocalStream = {
  readonly arn: string;
  readonly tableName: string;
  /** The partition key first. */
  readonly keyNames: readonly string[];
};

/** What leads the records of a stream to a function. */
export type LocalMapping = {
  readonly streamArn: string;
  readonly functionName: string;
  /** One filter of several is enough; without any, everything passes. */
  readonly passes: Passes;
  readonly batchSize: number;
  readonly batchingWindowMs: number;
  /** `undefined`: for as long as the stream has the record. */
  readonly retryAttempts: number | undefined;
  readonly maxRecordAgeMs: number | undefined;
  readonly bisectOnError: boolean;
  readonly reportsItemFailures: boolean;
  /** Name of the queue that receives what was given up on. */
  readonly deadLetterQueue: string | undefined;
};

export const Schedule = z.object({
  ScheduleExpression: z.string(),
  State: z._default(z.enum(['ENABLED', 'DISABLED']), 'ENABLED'),
  Target: z.object({ Arn: z.string(), Input: z._default(z.string(), '{}') }),
});

/** Tables whose changes are reported. */
export const StreamedTable = z.object({
  StreamSpecification: z.optional(z.object({ StreamViewType: z.literal('NEW_AND_OLD_IMAGES') })),
});

/** -1 is CloudFormation's word for no bound. */
const bound = z.pipe(
  z._default(z.number(), -1),
  z.transform((value) => (value === -1 ? undefined : value)),
);

export const EventSourceMapping = z.object({
  EventSourceArn: z.string(),
  FunctionName: z.string(),
  Enabled: z._default(z.boolean(), true),
  BatchSize: z._default(z.number(), 100),
  MaximumBatchingWindowInSeconds: z._default(z.number(), 0),
  MaximumRetryAttempts: bound,
  MaximumRecordAgeInSeconds: bound,
  BisectBatchOnFunctionError: z._default(z.boolean(), false),
  FunctionResponseTypes: z._default(z.array(z.literal('ReportBatchItemFailures')), []),
  FilterCriteria: z._default(z.object({ Filters: z.array(z.object({ Pattern: z.string() })) }), { Filters: [] }),
  DestinationConfig: z.optional(z.object({ OnFailure: z.object({ Destination: z.string() }) })),
  // From here the stream starts with the table, so both ways of starting are the same.
  StartingPosition: z.enum(['TRIM_HORIZON', 'LATEST']),
});

type Read<T> = readonly (readonly [logicalId: string, properties: T])[];
/** What a trigger starts. */
type Target = { readonly name: string; readonly arn: string };
/** The key of a table, as `CreateTable` takes it. */
type KeySchema = readonly { readonly AttributeName: string; readonly KeyType: 'HASH' | 'RANGE' }[];

/** The schedules that are switched on. */
export function schedulesOf(
  read: Read<z.infer<typeof Schedule>>,
  functions: readonly Target[],
): readonly LocalSchedule[] {
  return read
    .filter(([, { State }]) => State === 'ENABLED')
    .map(([logicalId, { ScheduleExpression, Target }]) => {
      const target = functions.find(({ arn }) => arn === Target.Arn);
      if (target === undefined) throw new TemplateError(`${logicalId} wakes no function of this template.`);
      return { name: logicalId, expression: ScheduleExpression, functionName: target.name, input: Target.Input };
    });
}

export function streamOf(arn: string, tableName: string, key: KeySchema): LocalStream {
  const sorted = key.toSorted((a, b) => a.KeyType.localeCompare(b.KeyType));
  return { arn, tableName, keyNames: sorted.map(({ AttributeName }) => AttributeName) };
}

/** The mappings that are switched on; each must lead from a stream of the template to a function of it. */
export function mappingsOf(
  read: Read<z.infer<typeof EventSourceMapping>>,
  streams: readonly LocalStream[],
  functions: readonly Target[],
): readonly LocalMapping[] {
  return read
    .filter(([, { Enabled }]) => Enabled)
    .map(([logicalId, mapping]) => {
      const { EventSourceArn, FunctionName, MaximumRecordAgeInSeconds: maxAge } = mapping;
      const stream = streams.find(({ arn }) => arn === EventSourceArn);
      const target = functions.find(({ name, arn }) => name === FunctionName || arn === FunctionName);
      if (stream === undefined || target === undefined) {
        throw new TemplateError(`${logicalId} does not lead from a table's stream to a function of this template.`);
      }
      const filters = mapping.FilterCriteria.Filters.map(({ Pattern }, index) =>
        readPattern(Pattern, `${logicalId}.Filters[${index}]`),
      );
      return {
        streamArn: stream.arn,
        functionName: target.name,
        passes: (record) => filters.length === 0 || filters.some((passes) => passes(record)),
        batchSize: mapping.BatchSize,
        batchingWindowMs: mapping.MaximumBatchingWindowInSeconds * 1000,
        retryAttempts: mapping.MaximumRetryAttempts,
        maxRecordAgeMs: maxAge === undefined ? undefined : maxAge * 1000,
        bisectOnError: mapping.BisectBatchOnFunctionError,
        reportsItemFailures: mapping.FunctionResponseTypes.length > 0,
        deadLetterQueue: mapping.DestinationConfig?.OnFailure.Destination.split(':').at(-1),
      };
    });
}
