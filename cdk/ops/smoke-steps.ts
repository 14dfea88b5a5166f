import { ApiProblem, type Client } from '../../lib/api/client.ts';

/** One thing that a running stack must do: `try` returns what it saw, or throws what to check. */
type SmokeStep = { readonly name: string; readonly try: () => Promise<string> };

/** A step failed; the message says what to check. */
class SmokeFailure extends Error {}

const anHour = 3600;
const maxOrderIdLength = 64;

/** From the API inwards: each step relies on the ones before it. */
export function smokeSteps(client: Client, account: string, orderId: string): readonly SmokeStep[] {
  const order = { account, order_id: orderId };
  return [
    {
      name: 'one order',
      try: async () => {
        const { order: found, source } = await client.getOrder(order);
        return `${found.order_state}, from the ${source === 'exchange' ? 'exchange' : 'table, because it is final'}`;
      },
    },
    {
      name: 'the same order, from the table',
      try: async () => {
        const { source, age_seconds: age } = await client.getOrder({ ...order, max_age: anHour });
        if (source === 'snapshot') return `checked ${age} s ago`;
        throw new SmokeFailure(
          'the exchange was called again: the response just before was not stored. Check the log of get-order, and the order with ops order',
        );
      },
    },
    {
      name: 'its history',
      try: async () => {
        const [newest] = (await client.listSnapshots({ ...order, limit: 1 })).snapshots;
        if (newest !== undefined) return `${newest.order.order_state}, first observed ${newest.first_observed_at}`;
        throw new SmokeFailure('there is a head and no snapshot: run ops verify');
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
      name: 'an unknown account is refused',
      try: () => refused(client.getOrder({ ...order, account: 'no-such-account' }), 404, 'unknown_account'),
    },
    {
      name: 'an invalid order id is refused',
      try: () => refused(client.getOrder({ ...order, order_id: 'x'.repeat(maxOrderIdLength + 1) }), 400, 'bad_request'),
    },
  ];
}

/** Expects one of our own problem responses. */
async function refused(request: Promise<unknown>, status: number, code: string): Promise<string> {
  const problem = await request.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (!(problem instanceof ApiProblem) && problem !== undefined) throw problem;
  if (problem?.status === status && problem.code === code) return `${status} ${code}`;
  const saw = problem === undefined ? 'the request succeeded' : `it was refused as ${problem.status} ${problem.code}`;
  throw new SmokeFailure(`${saw}, not as ${status} ${code}: check whether another version than this one is deployed`);
}

/** What to do, by the code of the response. */
const remedies: Readonly<Record<string, string>> = {
  unknown_account: 'give an --account of the stage',
  account_forbidden: 'sign in as a caller who may read this account',
  bad_request: 'give --order as the exchange writes it',
  invalid_order_id: 'give --order as the exchange writes it',
  order_not_found: 'give an --order of this account that the exchange still knows',
  not_owner: 'give an --order that belongs to this account',
  secret_empty: 'store the key with ops account add',
  secret_malformed: 'store the key with ops account add',
  unauthorized: 'store a working key with ops account add',
  key_refused: 'store a working key with ops account add',
  forbidden: 'allow the key to read orders, at the exchange',
};

/** Why a step failed, and what to check, in a line. */
export function smokeLine(thrown: unknown): string {
  if (thrown instanceof SmokeFailure) return thrown.message;
  if (!(thrown instanceof ApiProblem)) {
    const reason = thrown instanceof Error ? thrown.cause : undefined;
    const why = reason instanceof Error ? reason.message : String(thrown);
    return `no response (${why}): give the --url that the deployment or npm start shows`;
  }
  if (thrown.code === 'gateway') return gatewayLine(thrown);
  const todo = remedies[thrown.code] ?? `search the logs for request ${thrown.requestId}`;
  return `${thrown.status} ${thrown.code}: ${thrown.message.replace(/\.$/, '')}; ${todo}`;
}

function gatewayLine({ status }: ApiProblem): string {
  if (status === 403) return '403: sign in as a caller who may call the API (execute-api:Invoke), and check --region';
  if (status === 401) return '401: this stage expects tokens, not signatures';
  if (status === 404)
    return '404: the API has no such route; give the --url that the deployment shows, and nothing after it';
  return `${status}: the response is the gateway's, not of a function; check the alarms function-errors and function-throttles`;
}
