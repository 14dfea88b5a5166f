import type { Fault } from './faults.ts';

/** The faults that wait for requests, by what they wait for. */
export class Script {
  readonly #once = new Map<string, Fault[]>();
  readonly #always = new Map<string, Fault>();

  /** One fault for each matching request, in order. */
  add(target: string, faults: readonly Fault[]): void {
    this.#once.set(target, [...(this.#once.get(target) ?? []), ...faults]);
  }

  /** One fault for every matching request that finds none of its own. */
  always(target: string, fault: Fault): void {
    this.#always.set(target, fault);
  }

  clear(target?: string): void {
    for (const faults of [this.#once, this.#always]) {
      if (target === undefined) faults.clear();
      else faults.delete(target);
    }
  }

  /** The fault for a request that matches these targets, the most particular first. */
  take(targets: readonly string[]): Fault | undefined {
    for (const target of targets) {
      const next = this.#once.get(target)?.shift();
      if (next) return next;
    }
    for (const target of targets) {
      const standing = this.#always.get(target);
      if (standing) return standing;
    }
    return undefined;
  }
}
