import { ApiProblem, type Client } from '../../lib/api/client.ts';

/** One thing that a running stack does: `try` says what it saw, or throws a sentence that says what to look at. */
export type SmokeStep = { readonly name: string; readonly try: () => Promise<string> };

/** What an operator looks at when a step sees something else. */
export class SmokeFailure extends Error {}

const anHour = 3600;
const maxOrderIdLength = 64;

/** From the door inwards: each step takes for granted what the ones before it saw. */
export function smokeSteps(client: Client, account: string, orderId: string): readonly SmokeStep[] {
  const order = { account, order_id: orderId };
  return [
    {
      name: 'an order',
      try: async () => {
        const { order: found, source } = await client.getOrder(order);
        return `${found.order_state}, ${source === 'exchange' ? 'says the exchange' : 'says the table, for it is final'}`;
      },
    },
    {
      name: 'the same, from the table',
      try: async () => {
        const { source, age_seconds: age } = await client.getOrder({ ...order, max_age: anHour });
        if (source === 'snapshot') return `checked ${age} s ago`;
        throw new SmokeFailure(
          'the exchange was asked again: the answer just before was not kept. Look at the log of get-order, and at the order with npm run ops -- order',
        );
      },
    },
    {
      name: 'its history',
      try: async () => {
        const [newest] = (await client.listSnapshots({ ...order, limit: 1 })).snapshots;
        if (newest !== undefined) return `${newest.order.order_state}, first observed ${newest.first_observed_at}`;
        throw new SmokeFailure('there is a head and no snapshot: look at npm run ops -- verify');
      },
    },
    {
      name: 'the list of live orders',
      try: async () => {
        const { orders, cursor } = await client.listOrders({ account, state: 'live', limit: 100 });
        return `${orders.length}${cursor === undefined ? '' : ' and more'}`;
      },
    },
    {
      name: 'no order of an account that is not there',
      try: () => refused(client.getOrder({ ...order, account: 'no-such-account' }), 404, 'unknown_account'),
    },
    {
      name: 'no order whose id cannot be one',
      try: () => refused(client.getOrder({ ...order, order_id: 'x'.repeat(maxOrderIdLength + 1) }), 400, 'bad_request'),
    },
  ];
}

/** The refusal that is due, of our own and in a form that programs can read. */
async function refused(asking: Promise<unknown>, status: number, code: string): Promise<string> {
  const problem = await asking.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (!(problem instanceof ApiProblem) && problem !== undefined) throw problem;
  if (problem?.status === status && problem.code === code) return `${status} ${code}`;
  const saw = problem === undefined ? 'it was answered' : `it was refused as ${problem.status} ${problem.code}`;
  throw new SmokeFailure(`${saw}, not as ${status} ${code}: look whether another version is deployed than this one`);
}

/** What to look at, by what the API said. */
const remedies: Readonly<Record<string, string>> = {
  unknown_account: 'give an --account that the stage has',
  account_forbidden: 'sign in as somebody who may see this account',
  bad_request: 'give the --order as the exchange writes it',
  invalid_order_id: 'give the --order as the exchange writes it',
  order_not_found: 'give the --order of one that the exchange still knows, and of this account',
  not_owner: 'give the --order of one that belongs to this account',
  secret_empty: 'put the key there with npm run ops -- account add',
  secret_malformed: 'put the key there with npm run ops -- account add',
  unauthorized: 'put a working key there with npm run ops -- account add',
  key_refused: 'put a working key there with npm run ops -- account add',
  forbidden: 'let the key read orders, at the exchange',
};

/** Why a step failed, and what to look at, in a line. */
export function smokeLine(thrown: unknown): string {
  if (thrown instanceof SmokeFailure) return thrown.message;
  if (!(thrown instanceof ApiProblem)) {
    const reason = thrown instanceof Error ? thrown.cause : undefined;
    const why = reason instanceof Error ? reason.message : String(thrown);
    return `nobody answered (${why}): give the --url that the deployment or npm start shows`;
  }
  if (thrown.code === 'gateway') return gatewayLine(thrown);
  const todo = remedies[thrown.code] ?? `look in the log for request ${thrown.requestId}`;
  return `${thrown.status} ${thrown.code}: ${thrown.message.replace(/\.$/, '')}; ${todo}`;
}

function gatewayLine({ status }: ApiProblem): string {
  if (status === 403) return '403: sign in as somebody who may call the API (execute-api:Invoke), and look at --region';
  if (status === 401) return '401: this stage takes tokens, not signatures';
  if (status === 404)
    return '404: the API has no such route; give the --url that the deployment shows, and nothing after it';
  return `${status}: the gateway answered, not our function; look at the alarms function-errors and function-throttles`;
}
