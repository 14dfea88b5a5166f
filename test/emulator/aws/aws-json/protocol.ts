/** An operation's request and response. */
export type Input = Readonly<Record<string, unknown>>;
export type Output = Readonly<Record<string, unknown>>;

/** What a service says no with: `__type` on the wire, its message, and the HTTP status. */
export class ServiceException extends Error {
  readonly type: string;
  readonly status: number;

  constructor(type: string, message: string, status = 400) {
    super(message);
    this.type = type;
    this.status = status;
  }
}

/** A member that has to be there and not empty. Throws a `ServiceException` of that type. */
export function required(input: Input, member: string, type: string): string {
  const value = optional(input, member, type);
  if (value !== undefined && value !== '') return value;
  throw new ServiceException(type, `${member} is required.`);
}

export function optional(input: Input, member: string, type: string): string | undefined {
  const value = input[member];
  if (value === undefined || value === null || typeof value === 'string') return value ?? undefined;
  throw new ServiceException(type, `${member} is a string.`);
}

export function isRecord(value: unknown): value is Input {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** `undefined` for what is not JSON. */
export function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
