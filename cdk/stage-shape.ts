/** What a setting has to be. */
type Kind = 'object' | 'number' | 'text' | 'list';

const kinds: Readonly<Record<Kind, { readonly is: string; readonly fits: (value: unknown) => boolean }>> = {
  object: { is: 'an object', fits: isObject },
  number: { is: 'a number', fits: (value) => typeof value === 'number' },
  text: { is: 'text', fits: (value) => typeof value === 'string' },
  list: { is: 'a list', fits: Array.isArray },
};

type Shape = { readonly required: Readonly<Record<string, Kind>>; readonly optional?: Readonly<Record<string, Kind>> };

const stageShape: Shape = {
  required: { accounts: 'object', throttle: 'object', tags: 'object', logRetention: 'number' },
  optional: { region: 'text', auth: 'object', cors: 'object', syntheticCheck: 'object' },
};
const throttleShape: Shape = { required: { rate: 'number', burst: 'number' } };
const corsShape: Shape = { required: { origins: 'list' } };
const accountShape: Shape = {
  required: { dialect: 'text' },
  optional: {
    url: 'text',
    shareOfRate: 'number',
    minCheckSeconds: 'number',
    maxCheckSeconds: 'number',
    keepsClosedOrdersSeconds: 'number',
    minListSeconds: 'number',
    maxListSeconds: 'number',
    historyDays: 'number',
    secretArn: 'text',
  },
};

/**
 * What in a stage has the wrong type, one sentence each. It comes first, because everything else relies on it: projects
 * in JavaScript have no compiler that checks it.
 */
export function* shapeProblems(config: object): Generator<string> {
  yield* misshapen(config, stageShape, '');
  const { accounts, throttle, tags, cors }: Readonly<Record<string, unknown>> = { ...config };
  if (isObject(throttle)) yield* misshapen(throttle, throttleShape, 'throttle.');
  if (isObject(cors)) yield* misshapen(cors, corsShape, 'cors.');
  for (const [name, value] of Object.entries(isObject(tags) ? tags : {})) {
    if (typeof value !== 'string') yield `set tags.${name} to text (it is ${typeOf(value)}).`;
  }
  for (const [name, value] of Object.entries(isObject(accounts) ? accounts : {})) {
    if (isObject(value)) yield* misshapen(value, accountShape, `accounts.${name}.`);
    else yield `set accounts.${name} to an object (it is ${typeOf(value)}).`;
  }
}

function* misshapen(settings: object, { required, optional = {} }: Shape, prefix: string): Generator<string> {
  const given: Readonly<Record<string, unknown>> = { ...settings };
  for (const [name, kind] of Object.entries({ ...required, ...optional })) {
    const value = given[name];
    if (value === undefined && Object.hasOwn(optional, name)) continue;
    const { is, fits } = kinds[kind];
    if (!fits(value)) yield `set ${prefix}${name} to ${is} (it is ${typeOf(value)}).`;
  }
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Not the value: a key may have been pasted in the wrong place. */
function typeOf(value: unknown): string {
  if (value === undefined || value === null) return 'missing';
  return `a ${Array.isArray(value) ? 'list' : typeof value}`.replace('a object', 'an object');
}
