import { randomBytes, randomUUID } from 'node:crypto';
import { ServiceException } from '../aws-json/protocol.ts';

type Version = {
  readonly versionId: string;
  readonly value: SecretValue;
  readonly stages: ReadonlySet<string>;
  readonly createdAt: number;
};

export type SecretValue = { readonly SecretString: string } | { readonly SecretBinary: string };

export type StoredSecret = {
  readonly name: string;
  readonly arn: string;
  readonly createdAt: number;
  /** Oldest first. */
  readonly versions: readonly Version[];
};

const current = 'AWSCURRENT';
const previous = 'AWSPREVIOUS';

/** The secrets, their versions, and which version has which staging label. A label is on one version at most. */
export class SecretStore {
  readonly #secrets = new Map<string, StoredSecret>();
  readonly #arnPrefix: string;
  readonly #now: () => number;

  constructor(region: string, accountId: string, now: () => number) {
    this.#arnPrefix = `arn:aws:secretsmanager:${region}:${accountId}:secret:`;
    this.#now = now;
  }

  create(name: string, value: SecretValue | undefined, versionId: string = randomUUID()): StoredSecret {
    if (this.#secrets.has(name)) {
      const message = `The operation failed because the secret ${name} already exists.`;
      throw new ServiceException('ResourceExistsException', message);
    }
    // As the service does, so that an ARN names this secret and not a later one of the same name.
    const suffix = randomBytes(3).toString('hex');
    const createdAt = this.#now();
    this.#secrets.set(name, { name, arn: `${this.#arnPrefix}${name}-${suffix}`, createdAt, versions: [] });
    return value ? this.put(name, value, versionId) : this.find(name);
  }

  /** A new version. Its labels leave the versions that had them. */
  put(
    secretId: string,
    value: SecretValue,
    versionId: string = randomUUID(),
    stages?: readonly string[],
  ): StoredSecret {
    const secret = this.find(secretId);
    const known = secret.versions.find((version) => version.versionId === versionId);
    if (known) {
      // The same request again, by its token, gets the same response; another value under the same token is refused.
      if (JSON.stringify(known.value) === JSON.stringify(value)) return secret;
      const message = `You can't use ClientRequestToken ${versionId} because that value is already in use for a version of secret ${secret.arn}.`;
      throw new ServiceException('ResourceExistsException', message);
    }
    const labels = new Set(stages ?? [current]);
    // The first version is the current one, whatever else it is called.
    if (secret.versions.length === 0) labels.add(current);
    const created: Version = { versionId, value, stages: new Set(), createdAt: this.#now() };
    let next: StoredSecret = { ...secret, versions: [...secret.versions, created] };
    for (const label of labels) next = moved(next, label, versionId);
    this.#secrets.set(secret.name, next);
    return next;
  }

  moveStage(secretId: string, label: string, to: string | undefined, from: string | undefined): StoredSecret {
    const secret = this.find(secretId);
    for (const versionId of [to, from]) if (versionId !== undefined) versionOf(secret, versionId);
    const holder = secret.versions.find((version) => version.stages.has(label))?.versionId;
    if (holder !== from && holder !== to && holder !== undefined) {
      const message = `The parameter RemoveFromVersionId can't be empty. Staging label ${label} is currently attached to version ${holder}, so you must explicitly reference that version in RemoveFromVersionId.`;
      throw new ServiceException('InvalidParameterException', message);
    }
    if (to === undefined && label === current) {
      const message = `You can only move staging label ${current} to a different secret version. It can't be completely removed.`;
      throw new ServiceException('InvalidParameterException', message);
    }
    const next = moved(secret, label, to);
    this.#secrets.set(secret.name, next);
    return next;
  }

  all(): readonly StoredSecret[] {
    return [...this.#secrets.values()];
  }

  /** By name, by ARN, or by an ARN without its last six characters. */
  find(secretId: string): StoredSecret {
    const named = this.#secrets.get(secretId);
    if (named) return named;
    for (const secret of this.#secrets.values()) {
      if (secret.arn === secretId || `${this.#arnPrefix}${secret.name}` === secretId) return secret;
    }
    throw new ServiceException('ResourceNotFoundException', "Secrets Manager can't find the specified secret.");
  }

  version(secretId: string, versionId: string | undefined, stage: string | undefined): Version {
    const secret = this.find(secretId);
    if (versionId !== undefined) {
      const version = versionOf(secret, versionId);
      if (stage === undefined || version.stages.has(stage)) return version;
      const message = 'You provided a VersionStage that is not associated to the provided VersionId.';
      throw new ServiceException('InvalidRequestException', message);
    }
    const label = stage ?? current;
    const labelled = secret.versions.find((version) => version.stages.has(label));
    if (labelled) return labelled;
    throw new ServiceException(
      'ResourceNotFoundException',
      `Secrets Manager can't find the specified secret value for staging label: ${label}`,
    );
  }
}

function versionOf(secret: StoredSecret, versionId: string): Version {
  const version = secret.versions.find((candidate) => candidate.versionId === versionId);
  if (version) return version;
  throw new ServiceException(
    'ResourceNotFoundException',
    `Secrets Manager can't find the specified secret value for VersionId: ${versionId}`,
  );
}

/** Moves the label to version `to`; the version that loses AWSCURRENT becomes AWSPREVIOUS. */
function moved(secret: StoredSecret, label: string, to: string | undefined): StoredSecret {
  const loser = secret.versions.find((version) => version.stages.has(label) && version.versionId !== to)?.versionId;
  const versions = secret.versions.map((version) => {
    const stages = new Set(version.stages);
    if (version.versionId === to) stages.add(label);
    else stages.delete(label);
    return { ...version, stages };
  });
  const next = { ...secret, versions };
  return label === current && loser !== undefined ? moved(next, previous, loser) : next;
}
