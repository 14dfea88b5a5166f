import { type CloudFormationClient, paginateListStackResources } from '@aws-sdk/client-cloudformation';
import {
  DescribeSecretCommand,
  ResourceNotFoundException,
  type SecretsManagerClient,
} from '@aws-sdk/client-secrets-manager';
import { isMissingStackError } from './stack.ts';

/** The names and ARNs of a stack's resources, by logical id; `undefined` when there is no stack. */
export async function deployedResources(
  client: CloudFormationClient,
  StackName: string,
): Promise<ReadonlyMap<string, string> | undefined> {
  const found = new Map<string, string>();
  try {
    for await (const { StackResourceSummaries = [] } of paginateListStackResources({ client }, { StackName }))
      for (const { LogicalResourceId = '', PhysicalResourceId, ResourceStatus } of StackResourceSummaries)
        if (
          PhysicalResourceId !== undefined &&
          ResourceStatus !== 'DELETE_COMPLETE' &&
          ResourceStatus !== 'DELETE_SKIPPED'
        )
          found.set(LogicalResourceId, PhysicalResourceId);
  } catch (error) {
    if (isMissingStackError(error)) return undefined;
    throw error;
  }
  return found;
}

type KeptSecret = { readonly arn: string; readonly deleted: boolean };

/** A secret of that name; `undefined` when the name is free. `deleted` when it is scheduled for deletion. */
export async function secretNamed(client: SecretsManagerClient, SecretId: string): Promise<KeptSecret | undefined> {
  try {
    const { ARN = '', DeletedDate } = await client.send(new DescribeSecretCommand({ SecretId }));
    return { arn: ARN, deleted: DeletedDate !== undefined };
  } catch (error) {
    if (error instanceof ResourceNotFoundException) return undefined;
    throw error;
  }
}
