import * as aws from '../aws-json/protocol.ts';
import type { SecretStore, SecretValue, StoredSecret } from './secrets.ts';

type Input = aws.Input;

const invalidParameter = 'InvalidParameterException';

/** The operations that are spoken here, by the name in `x-amz-target`. */
export function operate(store: SecretStore, operation: string, input: Input): aws.Output {
  switch (operation) {
    case 'GetSecretValue': {
      const secretId = required(input, 'SecretId');
      const version = store.version(secretId, optional(input, 'VersionId'), optional(input, 'VersionStage'));
      return {
        ...identity(store.find(secretId)),
        VersionId: version.versionId,
        ...version.value,
        VersionStages: [...version.stages],
        CreatedDate: version.createdAt / 1000,
      };
    }
    case 'PutSecretValue': {
      const versionId = optional(input, 'ClientRequestToken');
      const secret = store.put(required(input, 'SecretId'), requiredValue(input), versionId, stagesOf(input));
      return { ...identity(secret), ...putVersion(secret, versionId) };
    }
    case 'CreateSecret': {
      const versionId = optional(input, 'ClientRequestToken');
      const secret = store.create(required(input, 'Name'), givenValue(input), versionId);
      const [version] = secret.versions;
      return { ...identity(secret), ...(version ? { VersionId: version.versionId } : {}) };
    }
    case 'DescribeSecret': {
      const secret = store.find(required(input, 'SecretId'));
      const staged = secret.versions.filter((version) => version.stages.size > 0);
      return {
        ...identity(secret),
        CreatedDate: secret.createdAt / 1000,
        LastChangedDate: (secret.versions.at(-1)?.createdAt ?? secret.createdAt) / 1000,
        VersionIdsToStages: Object.fromEntries(staged.map(({ versionId, stages }) => [versionId, [...stages]])),
      };
    }
    case 'UpdateSecretVersionStage': {
      const [to, from] = [optional(input, 'MoveToVersionId'), optional(input, 'RemoveFromVersionId')];
      return identity(store.moveStage(required(input, 'SecretId'), required(input, 'VersionStage'), to, from));
    }
    case 'ListSecrets':
      return { SecretList: store.all().map(identity) };
    default:
      throw new aws.ServiceException('UnknownOperationException', `${operation} is not spoken here.`);
  }
}

function identity(secret: StoredSecret) {
  return { ARN: secret.arn, Name: secret.name };
}

function putVersion(secret: StoredSecret, versionId: string | undefined) {
  const version = secret.versions.find((candidate) => candidate.versionId === versionId) ?? secret.versions.at(-1);
  return version ? { VersionId: version.versionId, VersionStages: [...version.stages] } : {};
}

function givenValue(input: Input): SecretValue | undefined {
  const [text, binary] = [optional(input, 'SecretString'), optional(input, 'SecretBinary')];
  if (text !== undefined && binary !== undefined)
    throw invalid("You can't specify both SecretString and SecretBinary.");
  if (text !== undefined) return { SecretString: text };
  return binary === undefined ? undefined : { SecretBinary: binary };
}

function requiredValue(input: Input): SecretValue {
  const value = givenValue(input);
  if (value) return value;
  throw invalid('You must provide either SecretString or SecretBinary.');
}

function stagesOf(input: Input): readonly string[] | undefined {
  const stages = input['VersionStages'];
  if (stages === undefined) return undefined;
  if (Array.isArray(stages) && stages.length > 0 && stages.every((stage) => typeof stage === 'string')) return stages;
  throw invalid('VersionStages is a list of one or more labels.');
}

function required(input: Input, member: string): string {
  return aws.required(input, member, invalidParameter);
}

function optional(input: Input, member: string): string | undefined {
  return aws.optional(input, member, invalidParameter);
}

function invalid(message: string): aws.ServiceException {
  return new aws.ServiceException(invalidParameter, message);
}
