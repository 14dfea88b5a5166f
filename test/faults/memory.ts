import { fileURLToPath } from 'node:url';

const here = (file: string) => fileURLToPath(new URL(file, import.meta.url));

/** Runs a function with the probe, as arguments of node. */
export const probedRuntime = [
  '--expose-gc',
  '--import',
  here('memory-probe.ts'),
  here('../emulator/aws/runtime.ts'),
] as const;

/** What functions hold after a garbage collection: heap and buffers. */
export type MemoryProbe = {
  /** Takes what the processes write. */
  readonly output: (text: string) => void;
  /** Bytes by process id. */
  readonly measure: (pids: readonly number[]) => Promise<ReadonlyMap<number, number>>;
};

export function createMemoryProbe(): MemoryProbe {
  const waiting = new Map<number, (bytes: number) => void>();
  return {
    output: (text) => {
      for (const [, pid, bytes] of text.matchAll(/\{"probed":(\d+),"bytes":(\d+)\}/g)) {
        waiting.get(Number(pid))?.(Number(bytes));
      }
    },
    measure: async (pids) => {
      const measured = pids.map(async (pid) => {
        const { promise, resolve } = Promise.withResolvers<number>();
        waiting.set(pid, resolve);
        process.kill(pid, 'SIGUSR2');
        return [pid, await promise] as const;
      });
      return new Map(await Promise.all(measured));
    },
  };
}

/** The greatest growth of a process that was there both times, in bytes; 0 if there is none. */
export function growthOf(before: ReadonlyMap<number, number>, after: ReadonlyMap<number, number>): number {
  return Math.max(0, ...[...after].map(([pid, bytes]) => bytes - (before.get(pid) ?? bytes)));
}
