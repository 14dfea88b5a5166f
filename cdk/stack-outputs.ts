/**
 * The outputs of a stack, by which people and `ops` find what it made. Each has a name that can be typed and a value that
 * a command takes as it is. Nothing here depends on CDK.
 */
export const stackOutputs = {
  /** Base URL of the HTTP API, with a slash at its end. */
  url: 'Url',
  /** Name of the table. */
  table: 'SnapshotTable',
  /** Name of the stack's event bus, or the ARN of the one that the stage brings. */
  transitionBus: 'TransitionBus',
  /** URL of the queue. */
  sweepDeadLetters: 'SweepDeadLetters',
  /** URL of the queue. */
  transitionDeadLetters: 'TransitionDeadLetters',
} as const;

export type StackOutput = (typeof stackOutputs)[keyof typeof stackOutputs];

/**
 * The output whose value is the name of the account's secret, or the ARN of the one that the stage brings; also the
 * secret's logical id. An account's name has no upper case, so no two accounts share an output.
 */
export function exchangeKeyOutput(account: string): string {
  return `ExchangeKey${account.replaceAll('-', 'Dash')}`;
}

/** The name of a stage's stack. */
export function stackNameOf(stage: string): string {
  return `order-state-snapshots-${stage}`;
}
