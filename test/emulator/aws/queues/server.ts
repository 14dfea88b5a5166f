import { type Input, isRecord, type Output, optional, required, ServiceException } from '../aws-json/protocol.ts';
import { type AwsServer, type AwsServerOptions, type RefusedEntries, startAwsServer } from '../aws-json/server.ts';
import { Queue, type QueuedMessage } from './queue.ts';

type QueuesOptions = AwsServerOptions & {
  /** Names of the queues that there are. */
  readonly queues: readonly string[];
};

export type Queues = AwsServer & {
  /** Puts a message there; attributes are texts. */
  send(queue: string, body: string, attributes?: Readonly<Record<string, string>>): void;
  /** All that is in the queue, received or not. */
  messages(queue: string): readonly QueuedMessage[];
};

/** SQS on loopback, as far as a person's commands go: finding queues, sending, reading and deleting messages. */
export async function startQueues(options: QueuesOptions): Promise<Queues> {
  const { queues: names, now = Date.now } = options;
  const queues = new Map(names.map((name) => [name, new Queue(now)]));

  function queueNamed(name: string): Queue {
    const queue = queues.get(name);
    if (queue !== undefined) return queue;
    throw new ServiceException('com.amazonaws.sqs#QueueDoesNotExist', 'The specified queue does not exist.');
  }

  function operate(operation: string, input: Input, refused: RefusedEntries | undefined): Output {
    if (operation === 'ListQueues') {
      const prefix = optional(input, 'QueueNamePrefix', invalid) ?? '';
      return { QueueUrls: names.filter((name) => name.startsWith(prefix)).map(urlOf) };
    }
    const queue = queueNamed(required(input, 'QueueUrl', invalid).replace(/^.*\//, ''));
    switch (operation) {
      case 'SendMessage': {
        const { MessageId, MD5OfBody } = queue.send(required(input, 'MessageBody', invalid));
        return { MessageId, MD5OfMessageBody: MD5OfBody };
      }
      case 'ReceiveMessage': {
        const maxMessages = numberOr(input['MaxNumberOfMessages'], 1);
        if (maxMessages < 1 || maxMessages > 10)
          throw new ServiceException(invalid, 'MaxNumberOfMessages is from 1 to 10.');
        const received = queue.receive(maxMessages, numberOr(input['VisibilityTimeout'], 30));
        return received.length === 0 ? {} : { Messages: received };
      }
      case 'DeleteMessageBatch':
        return batch(input, refused, (handle) => queue.delete(handle));
      case 'ChangeMessageVisibilityBatch':
        return batch(input, refused, (handle, entry) => queue.hide(handle, numberOr(entry['VisibilityTimeout'], 30)));
      default:
        throw new ServiceException('UnknownOperationException', `${operation} is not spoken here.`);
    }
  }

  const server = await startAwsServer(
    { target: 'AmazonSQS', actionPrefix: 'sqs', internalError: 'InternalError', messageMember: 'message', operate },
    options,
  );
  return {
    ...server,
    send: (name, body, attributes) => {
      queueNamed(name).send(body, attributes);
    },
    messages: (name) => queueNamed(name).messages,
  };
}

const invalid = 'com.amazonaws.sqs#InvalidParameterValue';

/** A client that follows it without the endpoint reaches nothing. */
function urlOf(name: string): string {
  return `http://127.0.0.1/123456789012/${name}`;
}

function numberOr(value: unknown, otherwise: number): number {
  return typeof value === 'number' ? value : otherwise;
}

/** Does something with each message of a batch; the response says which of them it could not do. */
function batch(input: Input, refused: RefusedEntries | undefined, work: (handle: string, entry: Input) => boolean) {
  const entries: unknown = input['Entries'];
  if (!Array.isArray(entries) || entries.length < 1 || entries.length > 10)
    throw new ServiceException('com.amazonaws.sqs#TooManyEntriesInBatchRequest', 'A batch has 1 to 10 entries.');
  const results = entries.filter(isRecord).map((entry, index) => {
    const Id = required(entry, 'Id', invalid);
    const done = !refused?.entries.includes(index) && work(required(entry, 'ReceiptHandle', invalid), entry);
    return { done, result: done ? { Id } : { Id, SenderFault: true, Code: refused?.code ?? 'ReceiptHandleIsInvalid' } };
  });
  const those = (done: boolean) => results.filter((each) => each.done === done).map(({ result }) => result);
  return { Successful: those(true), Failed: those(false) };
}
