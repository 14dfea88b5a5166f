import {
  ChangeMessageVisibilityBatchCommand,
  DeleteMessageBatchCommand,
  type Message,
  ReceiveMessageCommand,
} from '@aws-sdk/client-sqs';
import type { Target } from './options.ts';
import { createQueues, type DeadLetterQueueName, findQueue } from './stack.ts';

/** Received messages come back after this long, unless they are deleted or released before; seconds. */
const hiddenSeconds = 900;
const maxBatch = 10;

/** One of a stack's dead-letter queues, while an operator works on it. */
type OpenDeadLetterQueue = {
  /** Hides all messages that are visible from other readers for a while. */
  readonly take: () => Promise<readonly Message[]>;
  /** Throws when the queue keeps any of them. */
  readonly remove: (messages: readonly Message[]) => Promise<void>;
  /** Makes them visible again, to others and to the alarm. */
  readonly giveBack: (messages: readonly Message[]) => Promise<void>;
};

/** The result of the messages that were taken, and which of them may be deleted. */
export type TakenMessages<Result> = { readonly result: Result; readonly done: readonly Message[] };

/** Takes the messages, works on them, and deletes those that are done, if it may; in any case releases the others. */
export async function withMessages<Result>(
  queue: OpenDeadLetterQueue,
  mayDelete: boolean,
  work: (messages: readonly Message[]) => Promise<TakenMessages<Result>>,
): Promise<Result> {
  const messages = await queue.take();
  let left = messages;
  try {
    const { result, done } = await work(messages);
    if (mayDelete) {
      await queue.remove(done);
      left = messages.filter((message) => !done.includes(message));
    }
    return result;
  } finally {
    await queue.giveBack(left);
  }
}

export async function openDeadLetterQueue(target: Target, name: DeadLetterQueueName): Promise<OpenDeadLetterQueue> {
  const client = createQueues(target);
  const QueueUrl = await findQueue(client, name, target);
  return {
    take: async () => {
      const taken: Message[] = [];
      for (;;) {
        const { Messages = [] } = await client.send(
          new ReceiveMessageCommand({
            QueueUrl,
            MaxNumberOfMessages: maxBatch,
            VisibilityTimeout: hiddenSeconds,
            // Queries all of SQS's servers: no messages then means that the queue is empty.
            WaitTimeSeconds: 1,
            MessageAttributeNames: ['All'],
            MessageSystemAttributeNames: ['SentTimestamp'],
          }),
        );
        if (Messages.length === 0) return taken;
        taken.push(...Messages);
      }
    },
    remove: async (messages) => {
      let kept = 0;
      for (const Entries of messageBatches(messages)) {
        const { Failed = [] } = await client.send(new DeleteMessageBatchCommand({ QueueUrl, Entries }));
        kept += Failed.length;
      }
      if (kept > 0) throw new Error(`${kept} of ${messages.length} messages could not be deleted: run this again`);
    },
    giveBack: async (messages) => {
      for (const batch of messageBatches(messages)) {
        const Entries = batch.map((entry) => ({ ...entry, VisibilityTimeout: 0 }));
        await client.send(new ChangeMessageVisibilityBatchCommand({ QueueUrl, Entries }));
      }
    },
  };
}

function messageBatches(messages: readonly Message[]) {
  const entries = messages.map(({ ReceiptHandle }, index) => ({ Id: String(index), ReceiptHandle }));
  return Array.from({ length: Math.ceil(entries.length / maxBatch) }, (_, index) =>
    entries.slice(index * maxBatch, (index + 1) * maxBatch),
  );
}
