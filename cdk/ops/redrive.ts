import type { Message } from '@aws-sdk/client-sqs';
import { iso, isoOrAbsent } from '../../lib/time.ts';
import { columns } from './columns.ts';
import { addExamples, addNotes } from './command-line.ts';
import type { Context } from './context.ts';
import { openDeadLetterQueue, type TakenMessages, withMessages } from './dead-letter-queue.ts';
import { type LostTick, type LostTransitions, lostTickIn, lostTransitionsIn } from './dead-letters.ts';
import { createStackCommand, type Target, targetOf } from './options.ts';
import { type ReplayedEvents, replayEvents, replaySummary } from './replay-events.ts';

/**
 * A state is first observed some time before the stream has it: seconds when all goes well, until the order's next check,
 * ten minutes at most, after a crash in between. Consumers recognize events that are sent twice by their ids.
 */
const beforeMs = 15 * 60_000;

type TransitionResult = {
  readonly messages: number;
  readonly lost: readonly LostTransitions[];
  /** Messages that Lambda did not send. */
  readonly foreign: number;
  /** `undefined` when no message names lost records. */
  readonly replayed: ReplayedEvents | undefined;
};

export function redriveCommand(context: Context) {
  const { terminal } = context;
  const command = createStackCommand('redrive')
    .description('Publishes again the events that the dead-letter queues report as lost, and clears the queues.')
    .option('--bus <name>', "the event bus, if it is not the stage's")
    .option('--yes', 'send the events and delete the messages; without it they are only shown')
    .action(async ({ bus, yes = false, json, ...options }) => {
      const target = targetOf(options);
      const transitions = await withMessages(
        await openDeadLetterQueue(target, 'transitionDeadLetters'),
        yes,
        (messages) => replayLost(context, target, messages, { bus, send: yes }),
      );
      const sweeps = await withMessages(
        await openDeadLetterQueue(target, 'sweepDeadLetters'),
        yes,
        async (messages) => ({
          result: messages.map(lostTickIn),
          done: messages,
        }),
      );
      const unreadable = transitions.replayed?.unreadable ?? 0;
      const isComplete = transitions.foreign === 0 && unreadable === 0;
      if (json) terminal.out(`${JSON.stringify({ done: yes && isComplete, ...jsonOf(transitions, sweeps) })}\n`);
      else terminal.out(`${textOf(transitions, yes)}${sweepText(sweeps)}`);
      if (!json && !yes && transitions.messages + sweeps.length > 0)
        terminal.out('Nothing was sent or deleted: add --yes to send and delete.\n');
      if (transitions.foreign > 0)
        terminal.log(`Left in the queue, not messages from Lambda: ${transitions.foreign}.\n`);
      if (unreadable > 0)
        terminal.log(`No transition message was deleted, because orders cannot be read: ${unreadable}.\n`);
      if (!isComplete) context.fail();
    });
  addExamples(
    command,
    ['--stage prod', 'show the messages'],
    ['--stage prod --yes', 'send the lost events again, then delete the messages'],
  );
  addNotes(
    command,
    `Messages about transitions hold the position, in the table's stream, of the records that publish-transitions gave up on. Fix
the cause first. The events are then recreated from the table, from ${beforeMs / 60_000} minutes before the first of those records, and the
messages are deleted only after all events were sent. Messages about sweeps are shown and deleted: an invocation is never
repeated, because the next minute's did the same work. Exit codes: 0 done, 1 failed or incomplete, 2 wrong options.`,
  );
  return command;
}

async function replayLost(
  context: Context,
  target: Target,
  messages: readonly Message[],
  { bus, send }: { readonly bus: string | undefined; readonly send: boolean },
): Promise<TakenMessages<TransitionResult>> {
  const known = messages.filter((message) => lostTransitionsIn(message) !== undefined);
  const lost = known.flatMap((message) => lostTransitionsIn(message) ?? []);
  const counts = { messages: messages.length, lost, foreign: messages.length - known.length };
  if (lost.length === 0) return { result: { ...counts, replayed: undefined }, done: [] };
  const since = Math.min(...lost.map((each) => each.since)) - beforeMs;
  const replayed = await replayEvents(context, target, { since, bus, send });
  return { result: { ...counts, replayed }, done: replayed.unreadable === 0 ? known : [] };
}

function jsonOf({ messages, foreign, lost, replayed }: TransitionResult, sweeps: readonly LostTick[]) {
  return {
    transitions: {
      messages,
      foreign,
      lost: lost.map(({ since, ...message }) => ({ ...message, since: iso(since) })),
      sent: replayed && { ...replayed, since: iso(replayed.since) },
    },
    sweeps: sweeps.map(({ at, ...tick }) => ({ ...tick, at: isoOrAbsent(at) })),
  };
}

function textOf({ messages, lost, replayed }: TransitionResult, sent: boolean): string {
  const rows = lost.map(({ since, records, reason }) => [iso(since), `records: ${records}`, reason]);
  const summary = replayed === undefined ? '' : replaySummary(replayed, sent);
  return `Transition dead-letter queue: ${count(messages)}.\n${columns(rows)}${summary}`;
}

function sweepText(sweeps: readonly LostTick[]): string {
  const note = sweeps.length === 0 ? '' : ', which only need to be deleted';
  const rows = sweeps.map(({ accounts, at, error }) => [
    at === undefined ? '?' : iso(at),
    accounts.join(' ') || '?',
    error,
  ]);
  return `Sweep dead-letter queue: ${count(sweeps.length)}${note}.\n${columns(rows)}`;
}

function count(messages: number): string {
  return `${messages} message${messages === 1 ? '' : 's'}`;
}
