import type { RetentionDays } from 'aws-cdk-lib/aws-logs';
import type { StageAccount } from '../lib/stage/stage.ts';

/** One account at an exchange, as written in the stage table. */
export type AccountConfig = {
  readonly dialect: StageAccount['dialect'];
  /** Base URL of the exchange. Default: the dialect's production exchange. */
  readonly url?: string;
  /** The shortest time between individual checks of a live order, seconds. Default: 10. */
  readonly minCheckSeconds?: number;
  /** The longest time, seconds. Default and maximum: a third of the time for which the exchange keeps closed orders. */
  readonly maxCheckSeconds?: number;
  /**
   * How long this exchange reports closed orders, seconds, if that is shorter than the time known for its dialect, as on
   * some test exchanges. Default and maximum: the dialect's.
   */
  readonly keepsClosedOrdersSeconds?: number;
  /** Our share of the exchange's rate limit; the rest is for other users of the account. Default: 0.5. */
  readonly shareOfRate?: number;
  /** Whether all open orders of the account are listed; `false`: each is checked individually. Default: true. */
  readonly lists?: boolean;
  /** Whether listed orders that nobody registered are watched, too. Default: true. */
  readonly discover?: boolean;
  /** The time between lists while orders change, seconds. Default: 5. */
  readonly minListSeconds?: number;
  /** The time between lists while all orders rest, seconds; at most `maxCheckSeconds`. Default: 10, or `minListSeconds`. */
  readonly maxListSeconds?: number;
  /**
   * Whether the account has its own schedule, and thus its own invocation, instead of sharing them with up to 24 others:
   * for an account whose orders change all the time. Default: false.
   */
  readonly ownSchedule?: boolean;
  /** How long a snapshot is kept once its order has a newer one, days. The newest is always kept. Default: forever. */
  readonly historyDays?: number;
  /**
   * The full ARN of a secret of your own that holds the key, in the stage's region. If a KMS key encrypts it, that must be
   * the stage's `kmsKeyArn`. Default: the stack creates an empty secret.
   */
  readonly secretArn?: string;
};

/** Who may call the API. */
export type AuthConfig =
  /** Every caller that IAM allows; requests are signed. */
  | { readonly kind: 'iam' }
  /** Callers with a token of this issuer, for one of these audiences, and for the accounts that the claim lists. */
  | {
      readonly kind: 'jwt';
      /** As in the `iss` of the tokens. */
      readonly issuer: string;
      readonly audience: readonly string[];
      readonly accountsClaim: string;
    };

/** One stage, as written in the stage table. */
export type StageConfig = {
  readonly accounts: Readonly<Record<string, AccountConfig>>;
  /**
   * Termination protection of the stack, and deletion protection of the table. What happens to data when the stack is
   * deleted does not depend on it: table, secrets and logs are kept in every stage. `-c protect=false` turns it off for
   * one deployment: the first one, so that a failed creation can be repeated, and the last one before `cdk destroy`.
   */
  readonly protect: boolean;
  readonly logRetention: RetentionDays;
  /** The API's limit for all callers together: requests per second, and the burst on top. */
  readonly throttle: { readonly rate: number; readonly burst: number };
  /**
   * Reserves Lambda concurrency for the checks, whatever else runs in the AWS account: two executions for each group of up
   * to 25 accounts. Lambda refuses this if less than 100 would be left for everything else; a new AWS account may have 10
   * in all. Default: true.
   */
  readonly reserveConcurrency?: boolean;
  /** The region of the stack. Default: the default region of the AWS command line. */
  readonly region?: string;
  /** Default: IAM. */
  readonly auth?: AuthConfig;
  /** Web sites whose pages may call the API, with a token. Default: none. */
  readonly cors?: { readonly origins: readonly string[] };
  /** SNS topic in the stack's region that is notified when an alarm starts and when it ends. Default: no notifications. */
  readonly alarmTopicArn?: string;
  /** KMS key that encrypts table, secrets, queues and logs; needs `region`. Default: keys owned by the services. */
  readonly kmsKeyArn?: string;
  /** Event bus that transitions are published to. Default: the stack creates one. */
  readonly eventBusArn?: string;
  /** Permissions boundary of every role of the stack. Default: none. */
  readonly permissionsBoundaryArn?: string;
  /** X-Ray traces of every function. Default: none. */
  readonly xray?: boolean;
  /**
   * Requests this order from the exchange through get-order every 5 minutes, and raises an alarm if there is no response.
   * The order must stay live; a test account is best. Default: none.
   */
  readonly syntheticCheck?: { readonly account: string; readonly orderId: string };
  /**
   * How much CloudWatch monitors. `essential`: no dashboard, and only the alarms for failures that would otherwise go
   * unnoticed, with their metrics. `npm run price` prints what both cost. Default: `full`.
   */
  readonly monitoring?: 'full' | 'essential';
  /** Tags of every resource. */
  readonly tags: Readonly<Record<string, string>>;
};
