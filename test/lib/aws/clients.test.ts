import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { GetSecretValueCommand } from '@aws-sdk/client-secrets-manager';
import { afterEach, expect, test } from 'vitest';
import { createDynamoClient, createSecretsManagerClient, type Environment } from '../../../lib/aws/clients.ts';
import { startSecretsManager } from '../../emulator/aws/secrets-manager/server.ts';

const env = {
  AWS_REGION: 'eu-central-1',
  AWS_ACCESS_KEY_ID: 'AKIDEXAMPLE',
  AWS_SECRET_ACCESS_KEY: 'example',
} satisfies Environment;

const stops: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop();
});

async function manager() {
  const started = await startSecretsManager();
  started.create('name', 'value');
  stops.push(started.stop);
  return started;
}

const createAwsClients = (env: Environment) => ({
  dynamodb: createDynamoClient(env),
  secretsManager: createSecretsManagerClient(env),
});

const read = (clients: ReturnType<typeof createAwsClients>) =>
  clients.secretsManager.send(new GetSecretValueCommand({ SecretId: 'name' }));

test('the AWS clients use the endpoints and the credentials of the environment', async () => {
  const { url, requests } = await manager();
  const elsewhere = {
    ...env,
    AWS_ENDPOINT_URL_SECRETS_MANAGER: url,
    AWS_ENDPOINT_URL_DYNAMODB: 'http://127.0.0.1:8',
  };
  const clients = createAwsClients({ ...elsewhere, AWS_SESSION_TOKEN: 'session' });
  expect((await read(clients)).SecretString).toBe('value');
  const { authorization, 'x-amz-security-token': session } = requests[0]?.headers ?? {};
  expect(authorization).toMatch(/Credential=AKIDEXAMPLE\/\d{8}\/eu-central-1\/secretsmanager\//);
  expect(session).toBe('session');
  expect(clients.dynamodb.config.endpointProvider().url.port).toBe('8');
});

test('the AWS clients need no session token', async () => {
  const { url, requests } = await manager();
  await read(createAwsClients({ ...env, AWS_ENDPOINT_URL_SECRETS_MANAGER: url }));
  expect(requests[0]?.headers).not.toHaveProperty('x-amz-security-token');
});

test('the AWS clients make up to three attempts', async () => {
  const { url, count, failAlways } = await manager();
  failAlways({ kind: 'internal' });
  await expect(read(createAwsClients({ ...env, AWS_ENDPOINT_URL_SECRETS_MANAGER: url }))).rejects.toThrow();
  expect(count('GetSecretValue')).toBe(3);
});

test('the AWS clients fail when a response does not come, instead of only logging that', async () => {
  const { url, failAlways, count } = await manager();
  failAlways({ kind: 'hang' });
  const { secretsManager } = createAwsClients({ ...env, AWS_ENDPOINT_URL_SECRETS_MANAGER: url });
  const request = secretsManager.send(new GetSecretValueCommand({ SecretId: 'name' }), { requestTimeout: 50 });
  await expect(request).rejects.toMatchObject({ name: 'TimeoutError' });
  expect(count('GetSecretValue')).toBe(3);
});

test('the AWS clients say what is missing in the environment', async () => {
  expect(() => createAwsClients({ ...env, AWS_REGION: undefined })).toThrow('AWS_REGION is not set.');
  const { url } = await manager();
  for (const missing of ['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY']) {
    const clients = createAwsClients({ ...env, AWS_ENDPOINT_URL_SECRETS_MANAGER: url, [missing]: undefined });
    await expect(read(clients)).rejects.toThrow(`${missing} is not set.`);
  }
});

test('the AWS clients look for no shared config file', () => {
  const moduleUrl = new URL('../../../lib/aws/clients.ts', import.meta.url);
  const script = `
    import fs from 'node:fs/promises';
    import { syncBuiltinESMExports } from 'node:module';
    fs.readFile = async (path) => console.log('read', String(path));
    syncBuiltinESMExports();
    const { DescribeTableCommand } = await import('@aws-sdk/client-dynamodb');
    const { GetSecretValueCommand } = await import('@aws-sdk/client-secrets-manager');
    const { createDynamoClient, createSecretsManagerClient } = await import(${JSON.stringify(moduleUrl.href)});
    const dynamodb = createDynamoClient(process.env);
    const secretsManager = createSecretsManagerClient(process.env);
    const request = async (client, command) => {
      client.middlewareStack.add(() => async ({ request }) => {
        console.log(request.hostname);
        throw new Error('far enough');
      }, { step: 'deserialize' });
      await client.send(command).catch(() => {});
    };
    await request(dynamodb, new DescribeTableCommand({ TableName: 'name' }));
    await request(secretsManager, new GetSecretValueCommand({ SecretId: 'name' }));`;
  const options = { encoding: 'utf8', env, cwd: fileURLToPath(new URL('../../..', import.meta.url)) } as const;
  const child = spawnSync(process.execPath, ['--input-type=module', '--eval', script], options);
  expect(child.stderr).toBe('');
  expect(child.stdout).toBe('dynamodb.eu-central-1.amazonaws.com\nsecretsmanager.eu-central-1.amazonaws.com\n');
});
