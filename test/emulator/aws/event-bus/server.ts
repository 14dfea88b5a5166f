import { randomUUID } from 'node:crypto';
import { Recent } from '../../request-log.ts';
import { type Input, type Output, ServiceException } from '../aws-json/protocol.ts';
import { type AwsServer, type AwsServerOptions, type RefusedEntries, startAwsServer } from '../aws-json/server.ts';
import { type BusEvent, bytesOfRequest, maxRequestBytes, readEntry, refusal } from './entries.ts';

type EventBusOptions = AwsServerOptions & {
  /** Names of the buses that there are. Default: any. */
  readonly buses?: readonly string[];
  /** Called with each event as it is accepted. */
  readonly onEvent?: (event: BusEvent) => void;
};

export type EventBus = AwsServer & {
  /** The latest 10 000 that were accepted, in order. */
  readonly events: readonly BusEvent[];
};

/** EventBridge's PutEvents on loopback. */
export async function startEventBus(options: EventBusOptions = {}): Promise<EventBus> {
  const { buses, now = Date.now, onEvent = () => undefined } = options;
  const events = new Recent<BusEvent>();

  function put(input: Input, refused: RefusedEntries | undefined): Output {
    const entries: unknown = input['Entries'];
    if (!Array.isArray(entries)) throw new ServiceException('SerializationException', '');
    if (entries.length < 1 || entries.length > 10)
      throw new ServiceException('ValidationException', 'Member must have length between 1 and 10');
    if (bytesOfRequest(entries) > maxRequestBytes)
      throw new ServiceException('ValidationException', 'Total size of the entries in the request is over the limit.');
    const results = entries.map((entry: unknown, index) =>
      refused?.entries.includes(index)
        ? refusal(refused.code ?? 'InternalFailure', 'The test bus refuses this entry, as its script says.')
        : take(entry),
    );
    return { FailedEntryCount: results.filter((result) => 'ErrorCode' in result).length, Entries: results };
  }

  function take(entry: unknown) {
    const event = readEntry(entry, randomUUID(), now());
    if ('ErrorCode' in event) return event;
    if (buses !== undefined && !buses.includes(event.bus)) return refusal('ResourceNotFoundException', 'No such bus.');
    events.add(event);
    onEvent(event);
    return { EventId: event.id };
  }

  const server = await startAwsServer(
    {
      target: 'AWSEvents',
      actionPrefix: 'events',
      internalError: 'InternalException',
      messageMember: 'message',
      operate: (operation, input, refused) => {
        if (operation === 'PutEvents') return put(input, refused);
        throw new ServiceException('UnknownOperationException', 'Only PutEvents is spoken here.');
      },
    },
    options,
  );
  return { ...server, events: events.all };
}
