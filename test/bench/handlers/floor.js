import { createHash, createHmac } from 'node:crypto';
import { Agent as HttpAgent, request as httpRequest } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';

/** As little as the job takes: node's own client and our own signature, no dependency. */
const { EXCHANGE_URL: url, ORDERS_TABLE: TableName, SECRET_NAME: SecretId, AWS_REGION: region } = process.env;
const agents = { 'http:': new HttpAgent({ keepAlive: true }), 'https:': new HttpsAgent({ keepAlive: true }) };
const send = { 'http:': httpRequest, 'https:': httpsRequest };
let token;

function post(address, headers, body) {
  const target = new URL(address);
  const options = { method: 'POST', headers: { ...headers, 'content-length': Buffer.byteLength(body) } };
  return new Promise((resolve, reject) => {
    const request = send[target.protocol](target, { ...options, agent: agents[target.protocol] }, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (piece) => {
        text += piece;
      });
      response.on('error', reject);
      response.on('end', () => {
        if (response.statusCode !== 200) reject(new Error(`${target.host} returned ${response.statusCode}`));
        else resolve(JSON.parse(text));
      });
    });
    request.on('error', reject);
    request.end(body);
  });
}

const hmac = (key, text) => createHmac('sha256', key).update(text).digest();
const sha256 = (text) => createHash('sha256').update(text).digest('hex');

/** AWS Signature Version 4. */
async function aws(service, endpoint, target, version, input) {
  const body = JSON.stringify(input);
  const time = `${new Date().toISOString().replace(/[-:]|\..*/g, '')}Z`;
  const day = time.slice(0, 8);
  const { AWS_ACCESS_KEY_ID: id, AWS_SECRET_ACCESS_KEY: secret, AWS_SESSION_TOKEN: session } = process.env;
  const headers = {
    'content-type': `application/x-amz-json-${version}`,
    host: new URL(endpoint).host,
    'x-amz-date': time,
    'x-amz-security-token': session,
    'x-amz-target': target,
  };
  const names = Object.keys(headers).join(';');
  const lines = Object.entries(headers).map(([name, value]) => `${name}:${value}\n`);
  const canonical = `POST\n/\n\n${lines.join('')}\n${names}\n${sha256(body)}`;
  const scope = `${day}/${region}/${service}/aws4_request`;
  const key = [region, service, 'aws4_request'].reduce(hmac, hmac(`AWS4${secret}`, day));
  const signature = hmac(key, `AWS4-HMAC-SHA256\n${time}\n${scope}\n${sha256(canonical)}`).toString('hex');
  const authorization = `AWS4-HMAC-SHA256 Credential=${id}/${scope}, SignedHeaders=${names}, Signature=${signature}`;
  return post(endpoint, { ...headers, authorization }, body);
}

async function call(method, params, headers = {}) {
  const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method, params });
  const { result, error } = await post(`${url}/${method}`, { 'content-type': 'application/json', ...headers }, body);
  if (error !== undefined) throw new Error(`exchange error ${error.code}`);
  return result;
}

async function signIn() {
  const endpoint = process.env.AWS_ENDPOINT_URL_SECRETS_MANAGER;
  const { SecretString } = await aws('secretsmanager', endpoint, 'secretsmanager.GetSecretValue', '1.1', { SecretId });
  const key = JSON.parse(SecretString);
  const grant = { grant_type: 'client_credentials', scope: 'session:bench', ...key };
  return (await call('public/auth', grant)).access_token;
}

async function put(account, order) {
  const updated = { N: String(order.last_update_timestamp) };
  await aws('dynamodb', process.env.AWS_ENDPOINT_URL_DYNAMODB, 'DynamoDB_20120810.PutItem', '1.0', {
    TableName,
    Item: { pk: { S: `${account}#${order.order_id}` }, updated, order: { S: JSON.stringify(order) } },
    ConditionExpression: 'attribute_not_exists(pk) OR updated <= :updated',
    ExpressionAttributeValues: { ':updated': updated },
  });
}

export async function handler({ pathParameters: { account, order_id } }) {
  if (!/^[A-Za-z0-9._-]{1,64}$/.test(order_id)) return { statusCode: 400, body: '{"message":"invalid order id"}' };
  token ??= await signIn();
  const order = await call('private/get_order_state', { order_id }, { authorization: `bearer ${token}` });
  await put(account, order);
  console.log(JSON.stringify({ level: 'INFO', message: 'order checked', account, order_id, state: order.order_state }));
  return { statusCode: 200, headers: { 'content-type': 'application/json' }, body: JSON.stringify({ account, order }) };
}
