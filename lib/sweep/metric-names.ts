/** The metrics that a sweep writes for its stage. */
export const sweepMetrics = [
  'Checked',
  'Changed',
  'Final',
  'Failed',
  'Listed',
  'ListFailed',
  'ListUntrusted',
  'Discovered',
  'Vanished',
  'Watched',
  'Missing',
  'UnknownState',
  'Inconsistent',
  'Backlog',
  'AuthRefused',
  'RateLimitExhausted',
  'OverCapacity',
  'OldestUnseenSeconds',
  'RetentionHeadroomSeconds',
] as const;

export type SweepMetric = (typeof sweepMetrics)[number];

/** Those that a stage with essential monitoring writes: the ones that its alarms read. */
export const essentialSweepMetrics: readonly SweepMetric[] = ['AuthRefused', 'RetentionHeadroomSeconds'];

/** Written only when a previous key stands in for a current one that does not work, in every stage. */
export const previousKeyMetric = 'PreviousKeyUsed';

/** What the tick of a group writes for the next group, in every stage. */
export const unsweptMetric = 'UnsweptAccounts';
