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
 * The logical id of the account's secret, or the output whose value is the ARN of the one that the stage brings: a stack has
 * no more than 200 outputs. An account's name has no upper case, so no two accounts share one.
 */
export function exchangeKeyOutput(account: string): string {
  return `ExchangeKey${account.replaceAll('-', 'Dash')}`;
}

/** The name of the secret that the stack creates for an account. */
export function secretNameOf(stage: string, account: string): string {
  return `order-state-snapshots/${stage}/${account}/exchange-key`;
}

/** The names of all secrets that the stack creates, with what Secrets Manager adds to each, as policies write it. */
export function ownSecrets(stage: string): string {
  return `${secretNameOf(stage, '*')}-??????`;
}

/** The name of a stage's stack. */
export function stackNameOf(stage: string): string {
  return `order-state-snapshots-${stage}`;
}
