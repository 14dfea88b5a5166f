import { setTimeout as wait } from 'node:timers/promises';
import type { Row } from '../row.ts';
import { type SweepSubject, sweepRow } from '../sweep-row.ts';

type TableScript = Parameters<SweepSubject['stack']['table']['play']>[0];

const table = (script: (swept: SweepSubject) => TableScript) => (swept: SweepSubject) =>
  swept.stack.table.play(script(swept));

/** More requests than a sweep of three orders sends. */
const requests = Array.from({ length: 12 }, (_, n) => n);

/** The sweep's process is killed at one of its requests to the table. */
const killed = (n: number, isDone: boolean) =>
  table(({ stack }) => {
    const end = () => stack.lambda.kill(stack.functionName('check-open-orders'));
    return (_operation, index) => (index === n ? { kind: 'kill', isDone, end } : undefined);
  });

/** The event of the greatest snapshot of the order that changed reaches the bus once that is back. */
async function unpublished({ stack, account, orderIds: [id = ''] }: SweepSubject): Promise<string | undefined> {
  for (let left = 300; left > 0; left--) {
    if (stack.bus.events.some(({ detail }) => detail.includes(id) && detail.includes('"filled_amount":"3"'))) return;
    await wait(50);
  }
  return `no event of the change of ${account} ${id} within 15 s`;
}

export const sweepRows: readonly Row[] = [
  sweepRow({ group: 'AWS', fault: 'the same tick three times at once', cases: [() => undefined], atOnce: 3 }),
  sweepRow({
    group: 'AWS',
    fault: 'a sweep killed before or after any request to the table',
    cases: requests.flatMap((n) => [killed(n, false), killed(n, true)]),
    fails: true,
  }),
  sweepRow({
    group: 'AWS',
    fault: 'DynamoDB throttles, fails, resets or cuts off one request of a sweep',
    cases: (['throttled', 'internal', 'down', 'cutOff'] as const).flatMap((kind) =>
      [0, 2, 4, 6, 8].map((n) => table(() => (_operation, index) => (index === n ? { kind } : undefined))),
    ),
  }),
  sweepRow({
    group: 'AWS',
    fault: 'the event bus is down, throttles or fails: events come late',
    cases: (['down', 'throttled', 'internal'] as const).map(
      (kind) =>
        ({ stack }: SweepSubject) =>
          stack.bus.failAlways({ kind }),
    ),
    check: unpublished,
  }),
];
