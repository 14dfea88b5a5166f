import { CfnOutput, RemovalPolicy } from 'aws-cdk-lib';
import {
  AttributeType,
  Billing,
  CfnGlobalTable,
  ProjectionType,
  StreamViewType,
  TableEncryptionV2,
  TableV2,
} from 'aws-cdk-lib/aws-dynamodb';
import { Construct } from 'constructs';
import { indexName } from '../lib/snapshots/items.ts';
import { customerKey } from './customer-key.ts';
import type { Binding } from './service-function.ts';
import { stackOutputs } from './stack-outputs.ts';
import type { ResolvedStage } from './stages.ts';

type SnapshotTableProps = {
  readonly stage: ResolvedStage;
};

/**
 * The record: one on-demand table for the items of every order and account. It can be restored to any second of the last
 * 35 days, and stays when the stack is deleted. Encrypted by the stage's key, else by one that DynamoDB owns.
 */
export class SnapshotTableConstruct extends Construct {
  /** Its items, without the index. */
  readonly binding: Binding;
  /** The lists of orders in its index. */
  readonly lists: Binding;
  /** Its changes of the last 24 hours. */
  readonly stream: Binding;
  readonly streamArn: string;
  readonly table: TableV2;

  constructor(scope: Construct, id: string, props: SnapshotTableProps) {
    super(scope, id);
    const { stage } = props;
    const key = customerKey(this, stage);
    const table = new TableV2(this, 'Table', {
      partitionKey: { name: 'pk', type: AttributeType.STRING },
      sortKey: { name: 'sk', type: AttributeType.STRING },
      globalSecondaryIndexes: [
        {
          // Lists of an account's orders: due, in need of attention, final.
          indexName,
          partitionKey: { name: 'list', type: AttributeType.STRING },
          sortKey: { name: 'list_at', type: AttributeType.NUMBER },
          projectionType: ProjectionType.ALL,
        },
      ],
      // Transitions are derived from an item before and after the change.
      dynamoStream: StreamViewType.NEW_AND_OLD_IMAGES,
      // Only snapshots of accounts with historyDays have it, and never the newest snapshot of an order.
      timeToLiveAttribute: 'expires_at',
      billing: Billing.onDemand(),
      pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
      ...(key === undefined ? {} : { encryption: TableEncryptionV2.customerManagedKey(key) }),
      deletionProtection: stage.protect,
      // In every stage, whatever `protect` says. Only a deployment that fails while it creates the table removes it again.
      removalPolicy: RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
    });
    const resource = table.node.defaultChild;
    if (!(resource instanceof CfnGlobalTable)) throw new Error('The L1 resource of the table has an unexpected type.');
    // Pinned, because CloudFormation replaces a resource whose logical id changes, for instance when code moves.
    resource.overrideLogicalId('SnapshotTable');

    new CfnOutput(this, 'Name', { value: table.tableName, description: 'Name of the table.' }).overrideLogicalId(
      stackOutputs.table,
    );
    this.table = table;
    this.binding = { environment: { TABLE_NAME: table.tableName }, arns: [table.tableArn] };
    this.lists = { environment: { TABLE_NAME: table.tableName }, arns: [`${table.tableArn}/index/${indexName}`] };
    this.streamArn = resource.attrStreamArn;
    this.stream = { environment: {}, arns: [this.streamArn] };
  }
}
