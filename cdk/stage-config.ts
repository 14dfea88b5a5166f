import type { RetentionDays } from 'aws-cdk-lib/aws-logs';
import type { StageAccount } from '../lib/stage.ts';

/** One account at an exchange, as written in the stage table. */
export type AccountConfig = {
  readonly dialect: StageAccount['dialect'];
  /** Base URL of the exchange. Default: the dialect's production exchange. */
  readonly url?: string;
  /** A live order is checked again this long after a change, at the soonest; seconds. Default: 10. */
  readonly minCheckSeconds?: number;
  /** And at the latest. Default, and most: a third of how long the exchange keeps closed orders. */
  readonly maxCheckSeconds?: number;
  /**
   * How long this exchange tells how an order closed, where it is less than its dialect is known for, as on some test
   * exchanges. Default, and most: what is known of the dialect; seconds.
   */
  readonly keepsClosedOrdersSeconds?: number;
  /** The part of the exchange's rate limit that we spend; the rest is for whoever else uses the account. Default: 0.5. */
  readonly shareOfRate?: number;
  /** How long a snapshot stays once a newer one of its order is known, days. The newest always stays. Default: for ever. */
  readonly historyDays?: number;
  /**
   * A secret of your own that holds the key, in the same region; its whole ARN. If a key of KMS encrypts it, that must
   * be the stage's `kmsKeyArn`. Default: the stack makes an empty one.
   */
  readonly secretArn?: string;
};

/** Who may ask the API. */
export type AuthConfig =
  /** Whoever IAM lets in; requests are signed. */
  | { readonly kind: 'iam' }
  /** Who brings a token of this issuer, for one of these audiences, and for the accounts that the claim lists. */
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
   * deleted does not depend on it: table, secrets and logs stay in every stage. One deployment with `-c protect=false`
   * leaves it off: the first one, so that a failed creation can be repeated, and the last one before `cdk destroy`.
   */
  readonly protect: boolean;
  readonly logRetention: RetentionDays;
  /** What the API lets through, all callers together: requests per second, and how many at once on top. */
  readonly throttle: { readonly rate: number; readonly burst: number };
  /**
   * Keeps Lambda concurrency free for the checks, two for each account, whatever else runs in the AWS account. Lambda
   * refuses it where that leaves less than 100 for everything else: a new AWS account may have 10 in all. Default: true.
   */
  readonly reserveConcurrency?: boolean;
  /** Where the stack goes. Default: where the AWS command line is at home. */
  readonly region?: string;
  /** Default: IAM. */
  readonly auth?: AuthConfig;
  /** Web sites whose pages may ask, with a token. Default: none. */
  readonly cors?: { readonly origins: readonly string[] };
  /** SNS topic, in the stack's own region, that hears when an alarm starts and when it ends. Default: nobody hears. */
  readonly alarmTopicArn?: string;
  /** Key of KMS that encrypts table, secrets, queues and logs. Default: keys that the services own. */
  readonly kmsKeyArn?: string;
  /** Event bus that hears of transitions. Default: the stack makes one. */
  readonly eventBusArn?: string;
  /** What every role of the stack is held within. Default: nothing. */
  readonly permissionsBoundaryArn?: string;
  /** Traces of every function in X-Ray. Default: none. */
  readonly xray?: boolean;
  /**
   * Every 5 minutes, asks the exchange through get-order for an order that stays alive, best on an account made for
   * tests, and alarms when no answer comes. Default: none.
   */
  readonly syntheticCheck?: { readonly account: string; readonly orderId: string };
  /**
   * How much CloudWatch watches. `essential`: only the alarms that nothing else would reveal and their metrics, no
   * dashboard. `npm run price` prints what both cost. Default: `full`.
   */
  readonly monitoring?: 'full' | 'essential';
  /** On every resource. */
  readonly tags: Readonly<Record<string, string>>;
};
