import { TemplateError } from './template.ts';

/** Whether an event passes a filter. */
export type Passes = (event: unknown) => boolean;

type Scalar = string | number | boolean | null;

/**
 * Reads an event pattern, as EventBridge and the filters of Lambda's event sources write them: fields hold patterns,
 * and at the end of each path stands a list of which one has to match. What is not supported here is refused, because a
 * filter that lets too little through would lose events silently. `at` is where it stands, for errors.
 */
export function readPattern(pattern: string, at: string): Passes {
  return read(parse(pattern, at), at);
}

function read(pattern: unknown, at: string): Passes {
  if (Array.isArray(pattern)) {
    const matchers = pattern.map((matcher) => readMatcher(matcher, at));
    return (value) => matchers.some((matches) => matches(value));
  }
  if (!isRecord(pattern)) throw cannot(at, pattern);
  const fields = Object.entries(pattern).map(([name, inner]) => [name, read(inner, `${at}.${name}`)] as const);
  return (event) => fields.every(([name, passes]) => passes(isRecord(event) ? event[name] : undefined));
}

function readMatcher(matcher: unknown, at: string): Passes {
  if (isScalar(matcher)) return (value) => value === matcher;
  const [[operator, operand] = ['', undefined], ...others] = isRecord(matcher) ? Object.entries(matcher) : [];
  if (others.length > 0) throw cannot(at, matcher);
  if (operator === 'anything-but') {
    const refused: readonly unknown[] = Array.isArray(operand) ? operand : [operand];
    // A field that is not there is not anything but: it is nothing.
    if (refused.every(isScalar)) return (value) => isScalar(value) && !refused.includes(value);
  }
  if (operator === 'exists' && typeof operand === 'boolean') return (value) => (value !== undefined) === operand;
  if (operator === 'prefix' && typeof operand === 'string') {
    return (value) => typeof value === 'string' && value.startsWith(operand);
  }
  if (operator === 'suffix' && typeof operand === 'string') {
    return (value) => typeof value === 'string' && value.endsWith(operand);
  }
  throw cannot(at, matcher);
}

function parse(pattern: string, at: string): unknown {
  try {
    return JSON.parse(pattern);
  } catch {
    throw new TemplateError(`${at} is not JSON.`);
  }
}

function cannot(at: string, pattern: unknown): TemplateError {
  return new TemplateError(`${at} filters by ${JSON.stringify(pattern)}, which cannot be worked out here.`);
}

function isScalar(value: unknown): value is Scalar {
  return value === null || ['string', 'number', 'boolean'].includes(typeof value);
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
