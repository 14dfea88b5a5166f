/** Loaded into a function's process before its code: prints what its heap holds, whenever it is sent SIGUSR2. */
process.on('SIGUSR2', () => {
  // Twice: what the first collection finalizes, the second one frees.
  globalThis.gc?.();
  globalThis.gc?.();
  const { heapUsed, external } = process.memoryUsage();
  process.stdout.write(`${JSON.stringify({ probed: process.pid, bytes: heapUsed + external })}\n`);
});
