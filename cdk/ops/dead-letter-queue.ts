import {
  ChangeMessageVisibilityBatchCommand,
  DeleteMessageBatchCommand,
  type Message,
  ReceiveMessageCommand,
  type SQSClient,
} from '@aws-sdk/client-sqs';

/** Received messages come back after this long, if nobody deletes them or gives them back before; seconds. */
const hiddenSeconds = 900;
const maxBatch = 10;

/** A queue of dead letters, as a person works it off. */
export type DeadLetterQueueMessages = {
  /** Takes all messages that can be seen out of the queue for a while. */
  readonly take: () => Promise<readonly Message[]>;
  /** Throws when the queue keeps any of them. */
  readonly remove: (messages: readonly Message[]) => Promise<void>;
  /** Lets others, and the alarm, see them again. */
  readonly giveBack: (messages: readonly Message[]) => Promise<void>;
};

export function readDeadLetterQueue(client: SQSClient, QueueUrl: string): DeadLetterQueueMessages {
  return {
    take: async () => {
      const taken: Message[] = [];
      for (;;) {
        const { Messages = [] } = await client.send(
          new ReceiveMessageCommand({
            QueueUrl,
            MaxNumberOfMessages: maxBatch,
            VisibilityTimeout: hiddenSeconds,
            // Asks all of SQS's servers: an empty answer then says that the queue is empty.
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
      for (const Entries of batchesOf(messages)) {
        const { Failed = [] } = await client.send(new DeleteMessageBatchCommand({ QueueUrl, Entries }));
        kept += Failed.length;
      }
      if (kept > 0) throw new Error(`${kept} of ${messages.length} letters could not be deleted: run this again`);
    },
    giveBack: async (messages) => {
      for (const batch of batchesOf(messages)) {
        const Entries = batch.map((entry) => ({ ...entry, VisibilityTimeout: 0 }));
        await client.send(new ChangeMessageVisibilityBatchCommand({ QueueUrl, Entries }));
      }
    },
  };
}

function batchesOf(messages: readonly Message[]) {
  const entries = messages.map(({ ReceiptHandle }, index) => ({ Id: String(index), ReceiptHandle }));
  return Array.from({ length: Math.ceil(entries.length / maxBatch) }, (_, index) =>
    entries.slice(index * maxBatch, (index + 1) * maxBatch),
  );
}
