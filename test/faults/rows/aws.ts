import { caseRow, type Expected, type FaultCase, type Row, type Subject } from '../row.ts';

const aws = (fault: string, cases: readonly FaultCase[], more: Partial<Parameters<typeof caseRow>[0]> = {}): Row =>
  caseRow({ group: 'AWS', fault, accounts: ['deribit'], cases, ...more });

type TableScript = Parameters<Subject['stack']['table']['play']>[0];

let changes = 0;
/** The order changes, and the table behaves like this: the reply of the exchange can be read either way. */
const table = (name: string, code: Expected, script: (subject: Subject) => TableScript): FaultCase => ({
  name,
  code,
  isReadable: true,
  apply: (subject) => {
    changes += 1;
    subject.exchange.edit(subject.orderId, { price: String(50_000 + changes) });
    subject.stack.table.play(script(subject));
  },
});

const refusals = ['throttled', 'internal', 'down'] as const;
/** More requests than one check of a changed order sends. */
const requests = Array.from({ length: 9 }, (_, n) => n);
/** Of the order's items: permits are taken by updates, before the exchange is called. */
const isItem = (operation: string) => operation === 'PutItem';

const tables: readonly Row[] = [
  aws('DynamoDB throttles, fails or is not there', [
    ...refusals.map((kind) => table(kind, 'store_unavailable', () => () => ({ kind }))),
    ...refusals.map((kind) =>
      table(
        `${kind}, writes of items`,
        'store_unavailable',
        () => (operation) => (isItem(operation) ? { kind } : undefined),
      ),
    ),
  ]),
  aws('DynamoDB denies access', [table('denied', 'internal', () => () => ({ kind: 'denied' }))]),
  aws(
    'DynamoDB throttles, fails or resets one request',
    refusals.flatMap((kind) =>
      requests.map((n) =>
        table(`${kind} ${n}`, 'ok', () => (_operation, index) => (index === n ? { kind } : undefined)),
      ),
    ),
  ),
  aws('DynamoDB is slow', [table('200 ms', 'ok', () => () => ({ kind: 'slow', ms: 200 }))]),
  aws('DynamoDB does not respond', [table('hang', 'store_unavailable', () => () => ({ kind: 'hang' }))], {
    isSlow: true,
  }),
  aws(
    'DynamoDB is cut off after it did one request',
    requests.map((n) =>
      table(`request ${n}`, 'ok', () => (_operation, index) => (index === n ? { kind: 'cutOff' } : undefined)),
    ),
  ),
  aws('DynamoDB is cut off after it wrote any item', [
    table('writes', 'store_unavailable', () => (operation) => (isItem(operation) ? { kind: 'cutOff' } : undefined)),
  ]),
];

/** The function's process is killed at one of its requests to the table; one that sends fewer gets its response. */
const killed = (n: number, isDone: boolean): FaultCase => ({
  ...table(`${isDone ? 'after' : 'before'} request ${n}`, 'HTTP 500', ({ stack }) => {
    const end = () => stack.lambda.kill(stack.functionName('get-order'));
    return (_operation, index) => (index === n ? { kind: 'kill', isDone, end } : undefined);
  }),
  or: 'ok',
});

const kills: readonly Row[] = [
  aws(
    'a process killed before or after any request to the table',
    requests.flatMap((n) => [killed(n, false), killed(n, true)]),
    {
      kills: true,
    },
  ),
];

const secretsFaults = ['down', 'throttled', 'denied', 'internal'] as const;
const secrets: readonly Row[] = [
  aws(
    'Secrets Manager fails, and the key is known',
    secretsFaults.map((kind) => ({ name: kind, code: 'ok', apply: ({ stack }) => stack.secrets.failAlways({ kind }) })),
  ),
  aws(
    'Secrets Manager fails, and the key is not known',
    secretsFaults.map((kind) => ({
      name: kind,
      code: 'secret_unavailable',
      apply: async ({ stack }) => {
        await stack.lambda.kill(stack.functionName('get-order'));
        stack.secrets.failAlways({ kind });
      },
    })),
    { isThrottled: true },
  ),
  aws(
    'Secrets Manager does not respond, and the key is not known',
    [
      {
        name: 'hang',
        code: 'secret_unavailable',
        apply: ({ stack }) => stack.secrets.failAlways({ kind: 'hang' }),
      },
    ],
    { isSlow: true, before: ({ stack }) => stack.lambda.kill(stack.functionName('get-order')) },
  ),
];

export const awsRows: readonly Row[] = [...tables, ...kills, ...secrets];
