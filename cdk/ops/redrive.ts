import { parseArgs } from 'node:util';
import type { Message } from '@aws-sdk/client-sqs';
import { iso } from '../../lib/time.ts';
import { createBus } from '../../lib/transitions/bus.ts';
import { columns } from './columns.ts';
import type { Command } from './command.ts';
import { type DeadLetterQueueMessages, readDeadLetterQueue } from './dead-letter-queue.ts';
import { type LostTransitions, lostTickIn, lostTransitionsIn } from './dead-letters.ts';
import { flag, placeOf, Refusal, shared, sharedHelp, text } from './options.ts';
import { countsText, type SentAgain, sendAgain } from './replayed-events.ts';
import { busOf, createEvents, createQueues, type DeadLetterQueue, findQueue, openTable } from './stack.ts';
import { createTableReader } from './table-reader.ts';

/**
 * A state is first observed some time before the stream has it: seconds when all goes well, until the order's next check,
 * ten minutes at most, when a crash came between. Events that are told once too often are known by their ids.
 */
const beforeMs = 15 * 60_000;

const help = `Works off the dead letters. Without --yes it only shows them and what it would do.

  npm run ops -- redrive --stage prod            what is there
  npm run ops -- redrive --stage prod --yes      send the lost events again, then delete the letters

Options
  --yes           do it
  --bus NAME      the event bus, if it is not the stage's
${sharedHelp}
Letters of transitions say where in the table's stream the records were that publish-transitions gave up on. Mend first
what it failed on. Their events are made again from the table, from ${beforeMs / 60_000} minutes before the first of the records on,
and the letters are deleted only when all were sent. Letters of sweeps are shown and deleted: a tick is never redriven,
for the next minute's sweep did its work. Exit codes: 0 done, 1 failed or in part, 2 wrong options.
`;

/** What became of the letters of transitions; `strange` ones are no such letters, `unreadable` counts orders. */
type RedriveResult = {
  readonly messages: number;
  readonly lost: readonly LostTransitions[];
  readonly strange: number;
  readonly unreadable: number;
  readonly sent?: {
    readonly since: string;
    readonly bus: string;
    readonly orders: number;
    readonly events: SentAgain['events'];
  };
};

export const redrive: Command = {
  name: 'redrive',
  does: 'sends again the events that dead letters tell of, and clears the letters',
  help,
  run: async (args, { terminal, clock }) => {
    const { values } = parseArgs({ args: [...args], options: { ...shared, bus: text, yes: flag } });
    const place = placeOf(values);
    const { yes, json } = values;
    const queues = createQueues(place);
    const queueOf = async (queue: DeadLetterQueue) =>
      readDeadLetterQueue(queues, await findQueue(queues, queue, place));
    const transitions = await worked<RedriveResult>(await queueOf('TransitionDeadLetters'), yes, sentAgain);
    const sweeps = await worked(await queueOf('SweepDeadLetters'), yes, async (messages) => ({
      result: messages.map(lostTickIn),
      done: messages,
    }));
    const isComplete = transitions.strange === 0 && transitions.unreadable === 0;

    if (json) {
      const ticks = sweeps.map(({ at, ...tick }) => ({ ...tick, ...(at !== undefined && { at: iso(at) }) }));
      const lost = transitions.lost.map(({ since, ...message }) => ({ ...message, since: iso(since) }));
      const done = yes && isComplete;
      terminal.out(`${JSON.stringify({ done, transitions: { ...transitions, lost }, sweeps: ticks })}\n`);
    } else {
      terminal.out(`Letters of transitions: ${transitions.messages}.\n`);
      terminal.out(
        columns(transitions.lost.map(({ since, records, why }) => [iso(since), `records: ${records}`, why])),
      );
      if (transitions.sent !== undefined) {
        const { since, bus, orders, events } = transitions.sent;
        const [verb, where] = yes ? ['Sent', 'to'] : ['Would send', 'on'];
        terminal.out(`${verb} ${countsText(events)} of ${orders} orders since ${since} ${where} ${bus}.\n`);
      }
      terminal.out(
        `Letters of sweeps: ${sweeps.length}${sweeps.length === 0 ? '' : ', for which there is nothing to do'}.\n`,
      );
      const rows = sweeps.map(({ account, at, error }) => [at === undefined ? '?' : iso(at), account, error]);
      terminal.out(columns(rows));
      const isOpen = transitions.messages + sweeps.length > 0;
      if (isOpen) terminal.out(yes ? '' : 'Nothing was sent and nothing deleted: add --yes to do it.\n');
    }
    if (transitions.strange > 0)
      terminal.log(`Left in the queue, for they are no letters of Lambda's: ${transitions.strange}.\n`);
    if (transitions.unreadable > 0)
      terminal.log(`No letter of a transition was deleted, for orders cannot be read: ${transitions.unreadable}.\n`);
    return isComplete ? 0 : 1;

    async function sentAgain(messages: readonly Message[]) {
      const known = messages.filter((message) => lostTransitionsIn(message) !== undefined);
      const lost = known.flatMap((message) => lostTransitionsIn(message) ?? []);
      const counts = { messages: messages.length, lost, strange: messages.length - known.length };
      if (lost.length === 0) return { result: { ...counts, unreadable: 0 }, done: [] };
      const since = Math.min(...lost.map((each) => each.since)) - beforeMs;
      const table = await openTable(place);
      const bus = values.bus ?? busOf(table.tableName);
      if (bus === undefined) throw new Refusal('give the --bus, for the name of the table does not tell it');
      const { events, orders, failed } = await sendAgain({
        reader: createTableReader(table, clock),
        send: yes ? createBus({ client: createEvents(place), clock }) : undefined,
        busName: bus,
        since,
        clock,
        log: terminal.log,
      });
      const result = { ...counts, unreadable: failed, sent: { since: iso(since), bus, orders, events } };
      return { result, done: failed === 0 ? known : [] };
    }
  },
};

type Work<Result> = (
  messages: readonly Message[],
) => Promise<{ readonly result: Result; readonly done: readonly Message[] }>;

/** Takes the letters, works on them, and deletes those that are done, if it may; whatever happens, the others are given back. */
async function worked<Result>(queue: DeadLetterQueueMessages, mayDelete: boolean, work: Work<Result>): Promise<Result> {
  const messages = await queue.take();
  let left = messages;
  try {
    const { result, done } = await work(messages);
    if (mayDelete) {
      await queue.remove(done);
      left = messages.filter((message) => !done.includes(message));
    }
    return result;
  } finally {
    await queue.giveBack(left);
  }
}
