import { DynamoDBClient, PutItemCommand } from '@aws-sdk/client-dynamodb';
import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';

/** The SDK's own clients and fetch, and nothing else. */
const { EXCHANGE_URL: url, ORDERS_TABLE: TableName, SECRET_NAME: SecretId } = process.env;
const dynamo = new DynamoDBClient();
const secretsManager = new SecretsManagerClient();
let token;

async function call(method, params, headers = {}) {
  const response = await fetch(`${url}/${method}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }),
  });
  const { result, error } = await response.json();
  if (error !== undefined) throw new Error(`exchange error ${error.code}`);
  return result;
}

async function signIn() {
  const { SecretString } = await secretsManager.send(new GetSecretValueCommand({ SecretId }));
  const key = JSON.parse(SecretString);
  const { access_token } = await call('public/auth', {
    grant_type: 'client_credentials',
    scope: 'session:bench',
    ...key,
  });
  return access_token;
}

async function put(account, order) {
  await dynamo.send(
    new PutItemCommand({
      TableName,
      Item: {
        pk: { S: `${account}#${order.order_id}` },
        updated: { N: String(order.last_update_timestamp) },
        order: { S: JSON.stringify(order) },
      },
      ConditionExpression: 'attribute_not_exists(pk) OR updated <= :updated',
      ExpressionAttributeValues: { ':updated': { N: String(order.last_update_timestamp) } },
    }),
  );
}

export async function handler({ pathParameters: { account, order_id } }) {
  if (!/^[A-Za-z0-9._-]{1,64}$/.test(order_id)) return { statusCode: 400, body: '{"message":"invalid order id"}' };
  token ??= await signIn();
  const order = await call('private/get_order_state', { order_id }, { authorization: `bearer ${token}` });
  await put(account, order);
  console.log(JSON.stringify({ level: 'INFO', message: 'order checked', account, order_id, state: order.order_state }));
  return { statusCode: 200, headers: { 'content-type': 'application/json' }, body: JSON.stringify({ account, order }) };
}
