import { vi } from 'vitest';
import type { Stage } from '../../lib/stage.ts';

export type TestEnvironment = { readonly stage: Stage; readonly env: Readonly<Record<string, string>> };

/** What is imported next is as a new process would have it: its modules, and all that they keep, are its own. */
export function startAnew({ stage, env }: TestEnvironment): void {
  vi.resetModules();
  // What the bundler writes into the function is here the global that the name then means.
  vi.stubGlobal('COMPILED_STAGE', stage);
  for (const [name, value] of Object.entries(env)) vi.stubEnv(name, value);
}
