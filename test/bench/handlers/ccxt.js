import { DynamoDBClient, PutItemCommand } from '@aws-sdk/client-dynamodb';
import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import deribit from 'ccxt/deribit';

/** ccxt's class for the exchange, alone and not with all others, and the SDK's clients. */
const { EXCHANGE_URL: url, ORDERS_TABLE: TableName, SECRET_NAME: SecretId } = process.env;
const dynamo = new DynamoDBClient();
const secretsManager = new SecretsManagerClient();

/** With a market at hand, ccxt does not load currencies and instruments first, which is two large calls. */
const market = {
  id: 'BTC-PERPETUAL',
  symbol: 'BTC/USD:BTC',
  base: 'BTC',
  quote: 'USD',
  settle: 'BTC',
  type: 'swap',
  swap: true,
  contract: true,
  inverse: true,
  contractSize: 10,
  precision: { amount: 10, price: 0.5 },
};
let exchange;

async function connect() {
  const { SecretString } = await secretsManager.send(new GetSecretValueCommand({ SecretId }));
  const { client_id: apiKey, client_secret: secret } = JSON.parse(SecretString);
  const client = new deribit({ apiKey, secret, urls: { api: { rest: new URL(url).origin } } });
  client.setMarkets([market]);
  return client;
}

async function put(account, { id, info }) {
  await dynamo.send(
    new PutItemCommand({
      TableName,
      Item: {
        pk: { S: `${account}#${id}` },
        updated: { N: String(info.last_update_timestamp) },
        order: { S: JSON.stringify(info) },
      },
      ConditionExpression: 'attribute_not_exists(pk) OR updated <= :updated',
      ExpressionAttributeValues: { ':updated': { N: String(info.last_update_timestamp) } },
    }),
  );
}

export async function handler({ pathParameters: { account, order_id } }) {
  if (!/^[A-Za-z0-9._-]{1,64}$/.test(order_id)) return { statusCode: 400, body: '{"message":"invalid order id"}' };
  exchange ??= await connect();
  const order = await exchange.fetchOrder(order_id);
  await put(account, order);
  console.log(JSON.stringify({ level: 'INFO', message: 'order checked', account, order_id, state: order.status }));
  return { statusCode: 200, headers: { 'content-type': 'application/json' }, body: JSON.stringify({ account, order }) };
}
