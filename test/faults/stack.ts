import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DeleteItemCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import type { LocalStack } from '../emulator/aws/assembly.ts';
import { access, createTables, fillSecrets, startDynamo } from '../emulator/aws/engines.ts';
import { type EventBus, startEventBus } from '../emulator/aws/event-bus/server.ts';
import { type FaultyProxy, startFaultyProxy } from '../emulator/aws/faulty-proxy.ts';
import { startGateway } from '../emulator/aws/gateway.ts';
import { type Lambda, startLambda } from '../emulator/aws/lambda.ts';
import { type Queues, startQueues } from '../emulator/aws/queues/server.ts';
import { type SecretsManager, startSecretsManager } from '../emulator/aws/secrets-manager/server.ts';
import { type Change, startTableProxy } from '../emulator/aws/table-proxy.ts';
import type { Delivery } from '../emulator/exchange/delivery.ts';
import { type Exchange, startExchange } from '../emulator/exchange/server.ts';
import { expired, untrusted, valid } from '../lib/exchange/certificate.ts';
import { startStreams } from '../start/run.ts';
import { createMemoryProbe, type MemoryProbe, probedRuntime } from './memory.ts';
import { awsSecret, createRedaction, key, type Redaction, sessionToken } from './redaction.ts';
import { type AccountAt, place, synthesize } from './stage.ts';
import { startWireProxy, type WireProxy } from './wire-proxy.ts';

/** The stack as it is synthesized, run on this machine, and a hand on everything that it talks to. */
export type FaultStack = {
  readonly url: string;
  readonly tableName: string;
  readonly client: DynamoDBClient;
  readonly exchanges: Readonly<Record<'orangex' | 'deribit', Exchange>>;
  /** Those of the accounts whose orders are listed, `listed-orangex` and `listed-deribit`. */
  readonly listed: Readonly<Record<'orangex' | 'deribit', Exchange>>;
  /** Speaks for the deribit exchange, socket by socket. */
  readonly wire: WireProxy;
  /** The clock of both exchanges is this far ahead of ours, milliseconds. */
  readonly setClock: (aheadMs: number) => void;
  readonly table: FaultyProxy;
  readonly secrets: SecretsManager;
  readonly bus: EventBus;
  readonly queues: Queues;
  readonly queueNames: readonly string[];
  readonly lambda: Lambda;
  /** Forgets that the exchange throttled an account, and who sweeps it. */
  readonly forgetAccount: (account: string) => Promise<void>;
  readonly functionName: (name: string) => string;
  /** Lowers a function's time limit; absent: as the template has it. */
  readonly limit: (name: string, ms?: number) => void;
  readonly memory: MemoryProbe;
  readonly redaction: Redaction;
  /** What the exchanges have sent since the last call, and forgets it. */
  readonly replies: { readonly all: () => readonly string[]; readonly clear: () => void };
  /** Functions that ended without a response, since the last call. */
  readonly failures: () => readonly string[];
  readonly stop: () => Promise<void>;
};

/** Replies above this size are not kept: no order is as large. */
const maxKeptBytes = 100_000;

export async function startFaultStack(): Promise<FaultStack> {
  const started = new AsyncDisposableStack();
  try {
    return await startAll(started);
  } catch (error) {
    await started.disposeAsync();
    throw error;
  }
}

async function startAll(started: AsyncDisposableStack): Promise<FaultStack> {
  const folder = await mkdtemp(join(tmpdir(), 'faults-'));
  started.defer(() => rm(folder, { recursive: true, force: true }));
  const redaction = createRedaction();
  const { exchanges, listed, wire, tls, setClock, replies } = await startExchanges(started, redaction);
  const stack = await synthesize(join(folder, 'cdk.out'), accountsOf(exchanges, listed, wire.url, tls));
  const aws = await startAws(started, stack, redaction);
  const memory = createMemoryProbe();
  const failures: string[] = [];
  const limits = new Map<string, number>();
  const functions = stack.functions.map((lambda) => ({
    ...lambda,
    get timeoutMs() {
      return limits.get(lambda.name) ?? lambda.timeoutMs;
    },
  }));
  const failed = (name: string, type: string, message: string) => {
    failures.push(`${name} ${type}`);
    redaction.seen(`${type} ${message}`);
  };
  const certificates = join(folder, 'trusted.pem');
  await writeFile(certificates, valid.cert + expired.cert);
  const lambda = startLambda({
    functions,
    region: place.region,
    endpoints: { ...aws.endpoints, ...environment, NODE_EXTRA_CA_CERTS: certificates },
    runtime: probedRuntime,
    output: (chunk) => {
      redaction.seen(chunk.toString());
      memory.output(chunk.toString());
    },
    failed,
  });
  started.defer(lambda.stop);
  let stopped = false;
  const work = { lambda, queues: aws.queues, failed, isStopped: () => stopped };
  aws.onChange.push(...startStreams(stack, work, started));
  const gateway = await startGateway({
    port: 0,
    accountId: place.accountId,
    api: Promise.resolve({ routes: stack.routes, invoke: lambda.invoke }),
  });
  const functionName = (name: string) => stack.functions.find((each) => isNamed(each.name, name))?.name ?? name;
  return {
    url: gateway.url,
    tableName: stack.tables[0]?.TableName ?? '',
    client: aws.client,
    exchanges,
    listed,
    wire,
    setClock,
    table: aws.table,
    secrets: aws.secrets,
    bus: aws.bus,
    queues: aws.queues,
    queueNames: stack.queueNames,
    lambda,
    forgetAccount: async (account) => {
      const Key = { pk: { S: account }, sk: { S: 'ACCOUNT' } };
      await aws.client.send(new DeleteItemCommand({ TableName: stack.tables[0]?.TableName, Key }));
    },
    functionName,
    limit: (name, ms) => {
      if (ms === undefined) limits.delete(functionName(name));
      else limits.set(functionName(name), ms);
    },
    memory,
    redaction,
    replies,
    failures: () => failures.splice(0),
    stop: async () => {
      stopped = true;
      await gateway.stop();
      await started.disposeAsync();
    },
  };
}

/** In addition to what the template says: the credentials of the functions can be recognized. */
const environment = {
  AWS_SECRET_ACCESS_KEY: awsSecret,
  AWS_SESSION_TOKEN: sessionToken,
};

/** Physical names start with the construct's name. */
function isNamed(physical: string, name: string): boolean {
  return physical.toLowerCase().replaceAll('-', '').includes(name.replaceAll('-', ''));
}

type Tls = Readonly<Record<'valid' | 'expired' | 'untrusted', WireProxy>>;

function accountsOf(
  { orangex, deribit }: FaultStack['exchanges'],
  listed: FaultStack['listed'],
  wireUrl: string,
  tls: Tls,
): Readonly<Record<string, AccountAt>> {
  const base = new URL(deribit.url).pathname;
  const secure = (url: string): AccountAt => ({ dialect: 'deribit', url: url + base });
  return {
    orangex: { dialect: 'orangex', url: orangex.url },
    deribit: { dialect: 'deribit', url: deribit.url },
    'listed-orangex': { dialect: 'orangex', url: listed.orangex.url },
    'listed-deribit': { dialect: 'deribit', url: listed.deribit.url },
    wire: secure(wireUrl),
    tls: secure(tls.valid.url),
    'tls-expired': secure(tls.expired.url),
    'tls-untrusted': secure(tls.untrusted.url),
    'tls-other-name': secure(tls.valid.url.replace('localhost', '127.0.0.1')),
    'tls-missing': secure(wireUrl.replace('http:', 'https:')),
  };
}

async function startExchanges(started: AsyncDisposableStack, redaction: Redaction) {
  let aheadMs = 0;
  const now = () => Date.now() + aheadMs;
  const sent: string[] = [];
  const onDelivery = (result: string | undefined, delivery: Delivery) => {
    redaction.granted(result);
    if ('reply' in delivery && delivery.reply.body.length <= maxKeptBytes) {
      sent.push(delivery.reply.body.toString('utf8'), result ?? '');
    }
  };
  const start = async (dialect: 'orangex' | 'deribit') => {
    const exchange = await startExchange({ dialect, now, keys: [key], onDelivery });
    started.defer(exchange.stop);
    return exchange;
  };
  const exchanges = { orangex: await start('orangex'), deribit: await start('deribit') };
  const speak = async (pair?: typeof valid) => {
    const proxy = await startWireProxy(exchanges.deribit.url, pair);
    started.defer(proxy.stop);
    return proxy;
  };
  return {
    exchanges,
    listed: { orangex: await start('orangex'), deribit: await start('deribit') },
    wire: await speak(),
    tls: { valid: await speak(valid), expired: await speak(expired), untrusted: await speak(untrusted) },
    setClock: (ms: number) => {
      aheadMs = ms;
    },
    replies: { all: () => sent, clear: () => void sent.splice(0) },
  };
}

async function startAws(started: AsyncDisposableStack, stack: LocalStack, redaction: Redaction) {
  const dynamo = await startDynamo(undefined);
  started.defer(dynamo.stop);
  await createTables(dynamo.url, place.region, stack.tables);
  const onChange: ((change: Change) => void)[] = [];
  const streamed = await startTableProxy({
    url: dynamo.url,
    streams: stack.streams,
    onChange: (change) => {
      redaction.seen(JSON.stringify(change));
      for (const notify of onChange) notify(change);
    },
  });
  started.defer(streamed.stop);
  const table = await startFaultyProxy(streamed.url);
  started.defer(table.stop);
  const secrets = await startSecretsManager(place);
  started.defer(secrets.stop);
  await fillSecrets(secrets, place.region, stack.secretNames, key);
  const bus = await startEventBus({ buses: stack.busNames, onEvent: (event) => redaction.seen(JSON.stringify(event)) });
  started.defer(bus.stop);
  const queues = await startQueues({ queues: stack.queueNames });
  started.defer(queues.stop);
  const client = new DynamoDBClient({ ...access, endpoint: dynamo.url, region: place.region });
  started.defer(() => client.destroy());
  return {
    table,
    secrets,
    bus,
    queues,
    client,
    onChange,
    endpoints: {
      AWS_ENDPOINT_URL_DYNAMODB: table.url,
      AWS_ENDPOINT_URL_EVENTBRIDGE: bus.url,
      AWS_ENDPOINT_URL_SECRETS_MANAGER: secrets.url,
      AWS_ENDPOINT_URL_SQS: queues.url,
    },
  };
}
