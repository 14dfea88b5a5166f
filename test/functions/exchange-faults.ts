import type { Code } from '../../lib/errors.ts';
import type { SecretsFault } from '../emulator/aws/secrets-manager/server.ts';
import type { Fault } from '../emulator/exchange/faults.ts';

/** Stands in every failing reply: nothing that we write may quote one. */
export const marker = 'quoted-from-a-reply-7f3a';

/** A fault of the exchange in every response, and the code of the failure. */
type FaultCase = {
  readonly name: string;
  readonly code: Code;
  readonly fault: Fault;
  /** The reply would never come: the invocation's time, milliseconds. */
  readonly remainingMs?: number;
};

/** The exchange's own errors. */
const errors: readonly (readonly [number, Code])[] = [
  [-32700, 'request_rejected'],
  [-32600, 'request_rejected'],
  [-32601, 'request_rejected'],
  [-32602, 'invalid_order_id'],
  [-32000, 'request_rejected'],
  [10000, 'unauthorized'],
  [10004, 'order_not_found'],
  [10025, 'invalid_order_id'],
  [10028, 'throttled'],
  [10029, 'not_owner'],
  [10030, 'request_rejected'],
  [10040, 'busy'],
  [10041, 'maintenance'],
  [10047, 'busy'],
  [10066, 'throttled'],
  [11029, 'invalid_order_id'],
  [11050, 'invalid_order_id'],
  [11051, 'maintenance'],
  [11094, 'busy'],
  [11098, 'account_locked'],
  [12003, 'account_locked'],
  [13004, 'key_refused'],
  [13009, 'unauthorized'],
  [13021, 'forbidden'],
  [13028, 'busy'],
  [13888, 'busy'],
  [424242, 'exchange_error'],
];

const soon = 2_000;

/** What may go wrong with any reply. */
const wire: readonly FaultCase[] = [
  { name: 'hang', code: 'timeout', fault: { kind: 'hang' }, remainingMs: soon },
  { name: 'slow body', code: 'timeout', fault: { kind: 'slowBody', everyMs: 100 }, remainingMs: soon },
  { name: 'drop', code: 'unreachable', fault: { kind: 'drop' } },
  { name: 'reset', code: 'unreachable', fault: { kind: 'drop', reset: true } },
  { name: 'drop after headers', code: 'invalid_response', fault: { kind: 'dropAfterHeaders' } },
  { name: 'cut short', code: 'invalid_response', fault: { kind: 'truncate', framing: 'short' } },
  { name: 'cut in a whole message', code: 'invalid_response', fault: { kind: 'truncate' } },
  { name: 'a page', code: 'busy', fault: { kind: 'status', status: 502, body: `<h1>${marker}</h1>` } },
  { name: 'a fine page', code: 'invalid_response', fault: { kind: 'raw', body: `<h1>${marker}</h1>` } },
  { name: 'a 401', code: 'invalid_response', fault: { kind: 'status', status: 401, body: marker } },
  {
    name: 'a 429',
    code: 'throttled',
    fault: { kind: 'status', status: 429, body: marker, retryAfter: 120 },
  },
  { name: 'a redirect', code: 'invalid_response', fault: { kind: 'redirect', location: `/${marker}` } },
  { name: 'nothing', code: 'invalid_response', fault: { kind: 'empty' } },
  { name: 'too much', code: 'invalid_response', fault: { kind: 'oversized', bytes: 300_000 } },
  { name: 'compressed', code: 'invalid_response', fault: { kind: 'gzip', bytes: 300_000 } },
  { name: 'no UTF-8', code: 'invalid_response', fault: { kind: 'invalidUtf8' } },
  { name: 'half of JSON', code: 'invalid_response', fault: { kind: 'raw', body: `{"a":"${marker}` } },
  { name: 'a list', code: 'invalid_response', fault: { kind: 'raw', body: `["${marker}"]` } },
  { name: 'deep nesting', code: 'invalid_response', fault: { kind: 'deep' } },
  { name: 'another id', code: 'invalid_response', fault: { kind: 'wrongId', id: `"${marker}"` } },
  { name: 'no id', code: 'invalid_response', fault: { kind: 'noId' } },
  { name: 'no jsonrpc', code: 'invalid_response', fault: { kind: 'noJsonrpc' } },
  { name: 'both result and error', code: 'invalid_response', fault: { kind: 'bothResultAndError' } },
  { name: 'neither', code: 'invalid_response', fault: { kind: 'neither' } },
  { name: 'a text as result', code: 'invalid_response', fault: { kind: 'result', text: `"${marker}"` } },
  {
    name: 'an error without a code',
    code: 'invalid_response',
    fault: replying(`"error":{"code":"${marker}"}`),
  },
];

function replying(members: string): Fault {
  return { kind: 'raw', body: `{"jsonrpc":"2.0","id":null,${members}}` };
}

function errorFaults(meaning: (code: Code) => Code = (code) => code): readonly FaultCase[] {
  return errors.map(([number, means]) => {
    // Long enough for nobody to wait for it.
    const data = { reason: marker, wait: 60 };
    return {
      name: `error ${number}`,
      code: meaning(means),
      fault: { kind: 'error', code: number, message: marker, data },
    };
  });
}

/** Faults of a reply about an order. */
export const orderFaults: readonly FaultCase[] = [
  ...errorFaults(),
  ...wire,
  { name: 'another order', code: 'invalid_response', fault: { kind: 'otherOrder', orderId: marker } },
  {
    name: 'a field twice',
    code: 'invalid_response',
    fault: { kind: 'duplicateKeys', value: `"${marker}"` },
  },
];

/** Faults of a reply with a token: it says nothing of an order. */
export const tokenFaults: readonly FaultCase[] = [
  ...errorFaults((code) =>
    code === 'order_not_found' || code === 'not_owner' || code === 'invalid_order_id' || code === 'bad_request'
      ? 'exchange_error'
      : code,
  ),
  ...wire.filter(({ remainingMs }) => remainingMs === undefined),
  { name: 'no token', code: 'invalid_response', fault: { kind: 'result', text: `{"x":"${marker}"}` } },
  {
    name: 'an unusable token',
    code: 'invalid_response',
    fault: { kind: 'result', text: `{"access_token":"${marker} ${marker}"}` },
  },
];

/** A fault of Secrets Manager, or a secret as nobody should write it. */
type SecretFaultCase = {
  readonly name: string;
  readonly code: Code;
  readonly fault?: SecretsFault;
  /** What is in the secret; absent: there is no such secret. */
  readonly value?: (clientSecret: string) => string;
};

const fine = (clientSecret: string) => JSON.stringify({ client_id: 'tester', client_secret: clientSecret });

export const secretFaults: readonly SecretFaultCase[] = [
  { name: 'no secret', code: 'secret_empty' },
  { name: 'an empty secret', code: 'secret_empty', value: () => '' },
  {
    name: 'an empty client_secret',
    code: 'secret_empty',
    value: () => '{"client_id":"tester","client_secret":""}',
  },
  { name: 'a bare key', code: 'secret_malformed', value: (secret) => secret },
  { name: 'half of JSON', code: 'secret_malformed', value: (secret) => fine(secret).slice(0, -2) },
  { name: 'a list', code: 'secret_malformed', value: (secret) => JSON.stringify([secret]) },
  {
    name: 'another member',
    code: 'secret_malformed',
    value: (secret) => JSON.stringify({ client_id: 'tester', clientSecret: secret }),
  },
  { name: 'a line end at its end', code: 'secret_malformed', value: (secret) => fine(`${secret}\n`) },
  { name: 'the service down', code: 'secret_unavailable', fault: { kind: 'down' }, value: fine },
  { name: 'access denied', code: 'secret_unavailable', fault: { kind: 'denied' }, value: fine },
  { name: 'an internal error', code: 'secret_unavailable', fault: { kind: 'internal' }, value: fine },
  {
    name: 'an error that quotes',
    code: 'secret_unavailable',
    fault: { kind: 'exception', type: 'DecryptionFailure', message: marker },
    value: fine,
  },
  {
    name: 'a page of a proxy',
    code: 'secret_unavailable',
    fault: { kind: 'status', status: 403, body: `<h1>${marker}</h1>` },
    value: fine,
  },
];
