/** How many run at once: as many as one account may have under way. */
const concurrency = 8;

/** Does `work` for each, some at a time, and starts no more once `goesOn` says no. */
export async function inParallel<Each>(
  all: Iterable<Each>,
  goesOn: () => boolean,
  work: (each: Each) => Promise<void>,
): Promise<void> {
  const queue = all[Symbol.iterator]();
  const worker = async () => {
    for (let next = queue.next(); !next.done && goesOn(); next = queue.next()) await work(next.value);
  };
  await Promise.all(Array.from({ length: concurrency }, worker));
}
