/** How many of the latest things an emulator keeps for its tests: a run of days must not grow without end. */
const maxKept = 10_000;

/** The latest items, in order; older ones are dropped. */
export class Recent<Item> {
  readonly #items: Item[] = [];
  readonly #max: number;

  constructor(max: number = maxKept) {
    this.#max = max;
  }

  get all(): readonly Item[] {
    return this.#items;
  }

  add(item: Item): void {
    this.#items.push(item);
    if (this.#items.length > this.#max) this.#items.shift();
  }
}

/** The latest requests, counts of all there ever were, and a way to wait for the next one without sleeping. */
export class RequestLog<Request> {
  readonly #latest: Recent<Request>;
  readonly #nameOf: (request: Request) => string;
  readonly #counts = new Map<string, number>();
  #total = 0;
  #waiting: readonly { readonly count: number; readonly resolve: () => void }[] = [];

  /** `nameOf`: what requests are counted by. */
  constructor(nameOf: (request: Request) => string, max?: number) {
    this.#nameOf = nameOf;
    this.#latest = new Recent(max);
  }

  get all(): readonly Request[] {
    return this.#latest.all;
  }

  add(request: Request): void {
    this.#latest.add(request);
    this.#total += 1;
    const name = this.#nameOf(request);
    this.#counts.set(name, this.count(name) + 1);
    const due = this.#waiting.filter(({ count }) => count <= this.#total);
    this.#waiting = this.#waiting.filter(({ count }) => count > this.#total);
    for (const { resolve } of due) resolve();
  }

  count(name: string): number {
    return this.#counts.get(name) ?? 0;
  }

  /** Resolves when this many requests have come in, counted from the start. */
  async received(count: number): Promise<void> {
    if (count <= this.#total) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#waiting = [...this.#waiting, { count, resolve }];
    await promise;
  }
}
