/** Every request that came in, in order, and a way to wait for the next one without sleeping. */
export class RequestLog<Request> {
  readonly #all: Request[] = [];
  #waiting: readonly { readonly count: number; readonly resolve: () => void }[] = [];

  get all(): readonly Request[] {
    return this.#all;
  }

  add(request: Request): void {
    this.#all.push(request);
    const due = this.#waiting.filter(({ count }) => count <= this.#all.length);
    this.#waiting = this.#waiting.filter(({ count }) => count > this.#all.length);
    for (const { resolve } of due) resolve();
  }

  count(matches: (request: Request) => boolean): number {
    return this.#all.filter(matches).length;
  }

  /** Resolves when so many requests have come in, counted from the start. */
  async received(count: number): Promise<void> {
    if (count <= this.#all.length) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#waiting = [...this.#waiting, { count, resolve }];
    await promise;
  }
}
