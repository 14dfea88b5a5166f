import { CfnElement, RemovalPolicy } from 'aws-cdk-lib';
import { AttributeType, Billing, ProjectionType, TableV2 } from 'aws-cdk-lib/aws-dynamodb';
import { Construct } from 'constructs';
import type { Reach } from './house-function.ts';

export type SnapshotTableProps = {
  /** Keep the table, whatever happens to the stack. */
  readonly protect: boolean;
};

/**
 * The record: one on-demand table for the items of every order and account. Restorable to any second of the last 35
 * days. Encrypted by a key that DynamoDB owns.
 */
export class SnapshotTable extends Construct {
  readonly reach: Reach;

  constructor(scope: Construct, id: string, props: SnapshotTableProps) {
    super(scope, id);
    const table = new TableV2(this, 'Table', {
      partitionKey: { name: 'pk', type: AttributeType.STRING },
      sortKey: { name: 'sk', type: AttributeType.STRING },
      globalSecondaryIndexes: [
        {
          // What to check next, what needs a look, what ended: lists of an account's orders.
          indexName: 'lists',
          partitionKey: { name: 'list', type: AttributeType.STRING },
          sortKey: { name: 'list_at', type: AttributeType.NUMBER },
          projectionType: ProjectionType.ALL,
        },
      ],
      billing: Billing.onDemand(),
      pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
      deletionProtection: props.protect,
      removalPolicy: props.protect ? RemovalPolicy.RETAIN : RemovalPolicy.DESTROY,
    });
    // CloudFormation replaces what changes its logical id: pinned, so that moving code cannot replace the record.
    const resource = table.node.defaultChild;
    if (CfnElement.isCfnElement(resource)) resource.overrideLogicalId('SnapshotTable');

    this.reach = { environment: { TABLE_NAME: table.tableName }, arns: [table.tableArn] };
  }
}
