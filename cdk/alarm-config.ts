import { type IMetric, TreatMissingData } from 'aws-cdk-lib/aws-cloudwatch';

export type AlarmConfig = {
  /** cdk/runbooks.md has a section for it, `#alarm-<id>`. */
  readonly id: string;
  /** Follows the stack's name: together they are the first sentence that the person on call reads. */
  readonly description: string;
  /** What it means for the desk, and what to do first. */
  readonly means: string;
  readonly metric: IMetric;
  /** Default: from 1. */
  readonly breach?: { readonly from: number } | { readonly below: number };
  /** Default: a single period. */
  readonly periods?: { readonly bad: number; readonly of: number };
  readonly missing: TreatMissingData;
  /** Also with `monitoring: 'essential'`. */
  readonly essential?: true;
};

/** Nothing is written when nothing happens. */
export const missingMeansOk = TreatMissingData.NOT_BREACHING;
/** Every sweep writes the current numbers; until the next one does, they stay as they were. */
export const missingKeepsState = TreatMissingData.IGNORE;
/** The metric is a sign of life. */
export const missingMeansAlarm = TreatMissingData.BREACHING;
