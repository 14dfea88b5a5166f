import { isRecord, parse } from '../aws-json/protocol.ts';

/** An event as the bus took it. */
export type BusEvent = {
  readonly id: string;
  readonly bus: string;
  readonly source: string;
  readonly detailType: string;
  /** As it was sent, to the byte. */
  readonly detail: string;
  /** Milliseconds since the Unix epoch. */
  readonly time: number;
};

type Refusal = { readonly ErrorCode: string; readonly ErrorMessage: string };

/** EventBridge's limit of an entry and of a request, since January 2026. */
export const maxRequestBytes = 1024 * 1024;

/** What the bus makes of one entry: the event, or why it refuses it. */
export function readEntry(entry: unknown, id: string, now: number): BusEvent | Refusal {
  if (!isRecord(entry)) return refusal('InvalidArgument', 'An entry is an object.');
  const { Source: source, DetailType: detailType, Detail: detail, EventBusName: bus = 'default', Time: time } = entry;
  for (const [name, value] of Object.entries({ Source: source, DetailType: detailType, Detail: detail })) {
    if (typeof value !== 'string' || value === '')
      return refusal('InvalidArgument', `Parameter ${name} is not valid. Reason: ${name} is a required argument.`);
  }
  if (typeof source !== 'string' || typeof detailType !== 'string' || typeof detail !== 'string')
    return refusal('InvalidArgument', 'The entry is not made of texts.');
  if (detailType.length > 128) return refusal('InvalidArgument', 'Parameter DetailType is too long.');
  if (typeof bus !== 'string') return refusal('InvalidArgument', 'Parameter EventBusName is not a text.');
  if (!isJsonObject(detail) || hasHugeInteger(detail)) return refusal('MalformedDetail', 'Detail is malformed.');
  return { id, bus, source, detailType, detail, time: typeof time === 'number' ? time * 1000 : now };
}

/** Bytes of a request's entries, as EventBridge counts them. */
export function bytesOfRequest(entries: readonly unknown[]): number {
  return entries.filter(isRecord).reduce((bytes, { Source, DetailType, Detail }) => {
    const texts = [Source, DetailType, Detail].map(String);
    // An entry's time counts 14 bytes.
    return texts.reduce((sum, text) => sum + Buffer.byteLength(text), bytes + 14);
  }, 0);
}

export function refusal(code: string, message: string): Refusal {
  return { ErrorCode: code, ErrorMessage: message };
}

function isJsonObject(text: string): boolean {
  return isRecord(parse(text));
}

/** An integer of more than 64 bits, outside of strings. */
function hasHugeInteger(json: string): boolean {
  const withoutStrings = json.replace(/"(?:[^"\\]|\\.)*"/g, '""');
  const integers = withoutStrings.match(/-?\d+(?![\d.eE])/g) ?? [];
  return integers.some((digits) => BigInt.asIntN(64, BigInt(digits)) !== BigInt(digits));
}
