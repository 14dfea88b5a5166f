import { randomUUID } from 'node:crypto';
import {
  CreateSecretCommand,
  DescribeSecretCommand,
  GetSecretValueCommand,
  ListSecretsCommand,
  PutSecretValueCommand,
  SecretsManagerClient,
  UpdateSecretVersionStageCommand,
} from '@aws-sdk/client-secrets-manager';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type SecretsManager, startSecretsManager } from './server.ts';

let server: SecretsManager;
let client: SecretsManagerClient;
beforeEach(async () => {
  server = await startSecretsManager({ now: () => 1_700_000_000_500 });
  client = new SecretsManagerClient({
    endpoint: server.url,
    region: 'eu-central-1',
    credentials: { accessKeyId: 'tester', secretAccessKey: 'tester' },
    maxAttempts: 1,
  });
});
afterEach(async () => {
  client.destroy();
  await server.stop();
});

const get = (SecretId: string, which: { VersionId?: string; VersionStage?: string } = {}) =>
  client.send(new GetSecretValueCommand({ SecretId, ...which }));

test('a secret in the emulated Secrets Manager is read by its name, its ARN, or its ARN without the last six characters', async () => {
  const arn = server.create('exchange/main', '{"client_id":"a"}');
  expect(arn).toMatch(/^arn:aws:secretsmanager:eu-central-1:123456789012:secret:exchange\/main-[A-Za-z0-9]{6}$/);
  for (const id of ['exchange/main', arn, arn.slice(0, -7)]) {
    expect(await get(id)).toMatchObject({
      ARN: arn,
      Name: 'exchange/main',
      SecretString: '{"client_id":"a"}',
      VersionStages: ['AWSCURRENT'],
      CreatedDate: new Date(1_700_000_000_500),
    });
  }
  expect(server.count('GetSecretValue')).toBe(3);
  expect(server.requests[0]).toMatchObject({
    operation: 'GetSecretValue',
    body: JSON.stringify({ SecretId: 'exchange/main' }),
  });
  expect(server.requests[0]?.headers.authorization).toContain('AWS4-HMAC-SHA256');
});

test('a secret in the emulated Secrets Manager that does not exist is not found', async () => {
  await expect(get('nothing')).rejects.toMatchObject({
    name: 'ResourceNotFoundException',
    message: "Secrets Manager can't find the specified secret.",
    $metadata: { httpStatusCode: 400 },
  });
});

test('a secret in the emulated Secrets Manager that was created without a value gives an error that names the missing label', async () => {
  server.create('empty');
  await expect(get('empty')).rejects.toMatchObject({
    name: 'ResourceNotFoundException',
    message: "Secrets Manager can't find the specified secret value for staging label: AWSCURRENT",
  });
  const versionId = server.put('empty', 'filled');
  expect(await get('empty')).toMatchObject({ SecretString: 'filled', VersionId: versionId });
});

test('a secret in the emulated Secrets Manager moves its labels with every new value', async () => {
  server.create('s', 'one');
  const { VersionId: first } = await get('s');
  const second = server.put('s', 'two');
  expect(await get('s')).toMatchObject({ SecretString: 'two', VersionId: second, VersionStages: ['AWSCURRENT'] });
  const before = await get('s', { VersionStage: 'AWSPREVIOUS' });
  expect(before).toMatchObject({ SecretString: 'one', VersionId: first, VersionStages: ['AWSPREVIOUS'] });
  const third = server.put('s', 'three');
  expect(await get('s', { VersionStage: 'AWSPREVIOUS' })).toMatchObject({ SecretString: 'two' });
  expect(await get('s', { VersionId: first ?? '' })).toMatchObject({ SecretString: 'one', VersionStages: [] });
  const described = await client.send(new DescribeSecretCommand({ SecretId: 's' }));
  expect(described.VersionIdsToStages).toStrictEqual({ [second]: ['AWSPREVIOUS'], [third]: ['AWSCURRENT'] });
});

test('a secret in the emulated Secrets Manager is created and filled by the SDK, binary values too, and never twice under one name', async () => {
  const created = await client.send(new CreateSecretCommand({ Name: 'n', SecretString: 'x' }));
  expect(created).toMatchObject({ Name: 'n', VersionId: expect.stringMatching(/^[0-9a-f-]{36}$/) });
  await expect(client.send(new CreateSecretCommand({ Name: 'n' }))).rejects.toMatchObject({
    name: 'ResourceExistsException',
  });
  const empty = await client.send(new CreateSecretCommand({ Name: 'bytes' }));
  expect(empty.VersionId).toBeUndefined();
  const SecretBinary = new Uint8Array([0, 255, 7]);
  await client.send(new PutSecretValueCommand({ SecretId: 'bytes', SecretBinary }));
  expect((await get('bytes')).SecretBinary).toStrictEqual(SecretBinary);
});

test('the emulated Secrets Manager lists all secrets without their values', async () => {
  server.create('one', 'value');
  server.create('two');
  const { SecretList } = await client.send(new ListSecretsCommand({}));
  expect(SecretList?.map(({ Name }) => Name)).toStrictEqual(['one', 'two']);
  expect(JSON.stringify(SecretList)).not.toContain('value');
});

test('a rotation in the emulated Secrets Manager puts a pending version, promotes it to current, and can be undone', async () => {
  server.create('s', 'old');
  const { VersionId: old = '' } = await get('s');
  const put = await client.send(
    new PutSecretValueCommand({ SecretId: 's', SecretString: 'new', VersionStages: ['AWSPENDING'] }),
  );
  expect(put.VersionStages).toStrictEqual(['AWSPENDING']);
  const fresh = put.VersionId ?? '';
  expect(await get('s')).toMatchObject({ SecretString: 'old' });
  expect(await get('s', { VersionStage: 'AWSPENDING' })).toMatchObject({ SecretString: 'new' });
  const move = (MoveToVersionId: string, RemoveFromVersionId: string) =>
    client.send(
      new UpdateSecretVersionStageCommand({
        SecretId: 's',
        VersionStage: 'AWSCURRENT',
        MoveToVersionId,
        RemoveFromVersionId,
      }),
    );
  await move(fresh, old);
  expect(await get('s')).toMatchObject({ SecretString: 'new', VersionStages: ['AWSPENDING', 'AWSCURRENT'] });
  expect(await get('s', { VersionStage: 'AWSPREVIOUS' })).toMatchObject({ SecretString: 'old' });
  await move(old, fresh);
  expect(await get('s')).toMatchObject({ SecretString: 'old', VersionStages: ['AWSCURRENT'] });
  expect(await get('s', { VersionStage: 'AWSPREVIOUS' })).toMatchObject({ SecretString: 'new' });
});

test('a rotation in the emulated Secrets Manager must say where a label is now, and cannot leave a secret without AWSCURRENT', async () => {
  server.create('s', 'one');
  const { VersionId: first = '' } = await get('s');
  server.put('s', 'two');
  const { VersionId: second = '' } = await get('s');
  const VersionStage = 'AWSCURRENT';
  for (const where of [{ MoveToVersionId: first }, { RemoveFromVersionId: second }]) {
    const command = new UpdateSecretVersionStageCommand({ SecretId: 's', VersionStage, ...where });
    await expect(client.send(command)).rejects.toMatchObject({ name: 'InvalidParameterException' });
  }
});

test('a rotation in the emulated Secrets Manager may be requested twice with one token, but not with two values', async () => {
  server.create('s', 'one');
  const ClientRequestToken = randomUUID();
  const put = (SecretString: string) =>
    client.send(new PutSecretValueCommand({ SecretId: 's', SecretString, ClientRequestToken }));
  expect(await put('two')).toMatchObject({ VersionId: ClientRequestToken });
  expect(await put('two')).toMatchObject({ VersionId: ClientRequestToken });
  await expect(put('three')).rejects.toMatchObject({ name: 'ResourceExistsException' });
});

test('a rotation in the emulated Secrets Manager reads a secret by its version only if that version exists, and has the requested label', async () => {
  server.create('s', 'one');
  const { VersionId: first = '' } = await get('s');
  server.put('s', 'two');
  await expect(get('s', { VersionId: randomUUID() })).rejects.toMatchObject({ name: 'ResourceNotFoundException' });
  const both = { VersionId: first, VersionStage: 'AWSCURRENT' };
  await expect(get('s', both)).rejects.toMatchObject({ name: 'InvalidRequestException' });
  expect(await get('s', { ...both, VersionStage: 'AWSPREVIOUS' })).toMatchObject({ SecretString: 'one' });
});

test('a fault of the emulated Secrets Manager has the shape that the SDK expects, and affects one request', async () => {
  server.create('s', 'one');
  server.fail(
    { kind: 'denied' },
    { kind: 'throttled' },
    { kind: 'internal' },
    { kind: 'exception', type: 'DecryptionFailure', message: 'no key' },
    { kind: 'status', status: 503, body: '<html>' },
  );
  const denied = { name: 'AccessDeniedException', message: expect.stringContaining('secretsmanager:GetSecretValue') };
  await expect(get('s')).rejects.toMatchObject(denied);
  await expect(get('s')).rejects.toMatchObject({ name: 'ThrottlingException' });
  const internal = { name: 'InternalServiceError', $metadata: { httpStatusCode: 500 } };
  await expect(get('s')).rejects.toMatchObject(internal);
  await expect(get('s')).rejects.toMatchObject({ name: 'DecryptionFailure', message: 'no key' });
  await expect(get('s')).rejects.toMatchObject({ $metadata: { httpStatusCode: 503 } });
  expect(await get('s')).toMatchObject({ SecretString: 'one' });
});

test('a fault of the emulated Secrets Manager can take the server down until it recovers', async () => {
  server.create('s', 'one');
  server.failAlways({ kind: 'down' });
  server.fail({ kind: 'pass' });
  expect(await get('s')).toMatchObject({ SecretString: 'one' });
  await expect(get('s')).rejects.toThrow(/ECONNRESET|socket hang up/);
  await expect(get('s')).rejects.toThrow(/ECONNRESET|socket hang up/);
  server.recover();
  expect(await get('s')).toMatchObject({ SecretString: 'one' });
});

test('a fault of the emulated Secrets Manager can delay or hold a request, and then fail it', async () => {
  server.create('s', 'one');
  server.fail({ kind: 'delay', ms: 1 }, { kind: 'delay', ms: 1, next: { kind: 'throttled' } });
  expect(await get('s')).toMatchObject({ SecretString: 'one' });
  await expect(get('s')).rejects.toMatchObject({ name: 'ThrottlingException' });
  const { promise, resolve } = Promise.withResolvers<void>();
  server.fail({ kind: 'hold', until: promise });
  const requested = get('s');
  resolve();
  expect(await requested).toMatchObject({ SecretString: 'one' });
});

test('a fault of the emulated Secrets Manager can hang a request for as long as the server runs, and the server still stops at once', async () => {
  server.fail({ kind: 'hang' });
  const requested = get('s').catch(() => 'gone');
  await server.received(1);
  await server.stop();
  await server.stop();
  expect(await requested).toBe('gone');
});

test('a request to the emulated Secrets Manager for an unknown operation is refused', async () => {
  const send = async (headers: Readonly<Record<string, string>>, body: string) => {
    const response = await fetch(server.url, { method: 'POST', headers, body });
    return [response.status, (await response.text()).replace(/"Message".*/, '')];
  };
  const target = (operation: string) => ({ 'x-amz-target': `secretsmanager.${operation}` });
  expect(await send({}, '{}')).toStrictEqual([400, '{"__type":"UnknownOperationException",']);
  expect(await send(target('RotateSecret'), '{}')).toStrictEqual([400, '{"__type":"UnknownOperationException",']);
  expect(await send(target('GetSecretValue'), '{')).toStrictEqual([400, '{"__type":"SerializationException",']);
  expect(await send(target('GetSecretValue'), '{}')).toStrictEqual([400, '{"__type":"InvalidParameterException",']);
  expect(await send(target('PutSecretValue'), '{"SecretId":"s"}')).toStrictEqual([
    400,
    '{"__type":"InvalidParameterException",',
  ]);
});
