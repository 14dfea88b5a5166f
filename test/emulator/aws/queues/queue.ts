import { createHash, randomUUID } from 'node:crypto';

export type QueuedMessage = {
  readonly MessageId: string;
  readonly Body: string;
  readonly MD5OfBody: string;
  readonly Attributes: Readonly<Record<string, string>>;
  readonly MessageAttributes?: Readonly<Record<string, { readonly DataType: 'String'; readonly StringValue: string }>>;
};

type HeldMessage = { readonly message: QueuedMessage; visibleAt: number; receipt: string };

/** A standard queue: a received message is hidden for a while, and comes back unless it was deleted. */
export class Queue {
  readonly #now: () => number;
  #held: readonly HeldMessage[] = [];

  constructor(now: () => number) {
    this.#now = now;
  }

  get messages(): readonly QueuedMessage[] {
    return this.#held.map(({ message }) => message);
  }

  send(body: string, attributes: Readonly<Record<string, string>> = {}): QueuedMessage {
    const texts = Object.entries(attributes).map(
      ([name, StringValue]) => [name, { DataType: 'String', StringValue } as const] as const,
    );
    const message: QueuedMessage = {
      MessageId: randomUUID(),
      Body: body,
      MD5OfBody: createHash('md5').update(body).digest('hex'),
      Attributes: { SentTimestamp: String(this.#now()) },
      ...(texts.length > 0 && { MessageAttributes: Object.fromEntries(texts) }),
    };
    this.#held = [...this.#held, { message, visibleAt: 0, receipt: '' }];
    return message;
  }

  receive(maxMessages: number, hiddenSeconds: number) {
    const visible = this.#held.filter(({ visibleAt }) => visibleAt <= this.#now()).slice(0, maxMessages);
    return visible.map((held) => {
      held.visibleAt = this.#now() + hiddenSeconds * 1000;
      held.receipt = randomUUID();
      return { ...held.message, ReceiptHandle: held.receipt };
    });
  }

  /** False when the receipt is not that of the latest time the message was received. */
  delete(receipt: string): boolean {
    const before = this.#held.length;
    this.#held = this.#held.filter((held) => held.receipt !== receipt);
    return this.#held.length < before;
  }

  hide(receipt: string, seconds: number): boolean {
    const held = this.#held.find((each) => each.receipt === receipt);
    if (held === undefined) return false;
    held.visibleAt = this.#now() + seconds * 1000;
    return true;
  }
}
