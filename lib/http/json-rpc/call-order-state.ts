import type { APIGatewayProxyEventV2 } from 'aws-lambda';
import { callGetOrderState } from '../../api/routes.ts';
import type { Clock } from '../../clock.ts';
import { asFailure, Failure } from '../../errors.ts';
import type { Dialect } from '../../exchange/dialects/index.ts';
import type { Account, CheckOrder } from '../../orders/check-order.ts';
import { accountNamed } from '../../orders/known-accounts.ts';
import { readParameters } from '../request.ts';
import { type CallFailure, readCall } from './request.ts';
import { type JsonRpcEnvelope, jsonRpcFailure, writeResult } from './response.ts';

type CallOrderStateDeps = {
  readonly accounts: ReadonlyMap<string, Pick<Account, 'dialect'>>;
  readonly checkOrder: CheckOrder;
  readonly clock: Clock;
  /** Called with the order id of a call. */
  readonly onCall: (orderId: string) => void;
};

type CallOrderState = (event: APIGatewayProxyEventV2, deadline: number) => Promise<string>;

/**
 * The exchange's own request: one order by a JSON-RPC call. Returns the exchange's envelope as text, `result` verbatim.
 * Throws `JsonRpcFailure` for a call that fails, and a plain `Failure` for a wrong path.
 * `deadline`: milliseconds since the Unix epoch.
 */
export function createCallOrderState({ accounts, checkOrder, clock, onCall }: CallOrderStateDeps): CallOrderState {
  return async (event, deadline) => {
    const startedAt = clock.now();
    const { account, dialect } = placeOf(event);
    const { id, orderId } = readCall(event);

    const outcome = typeof orderId === 'string' ? await check(orderId) : orderId;

    const envelope: JsonRpcEnvelope = {
      id,
      jsonrpc: '2.0',
      ...timesOf(startedAt, clock.now(), dialect),
    };
    if (typeof outcome === 'string') return writeResult(envelope, outcome);
    throw jsonRpcFailure(envelope, outcome);

    async function check(requested: string): Promise<string | CallFailure> {
      onCall(requested);
      const { requestId } = event.requestContext;
      return checkOrder({ account, orderId: requested, observedBy: 'get-order-state', requestId, deadline }).then(
        ({ result }) => result,
        (thrown) => ({ failure: asFailure(thrown) }),
      );
    }
  };

  function placeOf(event: APIGatewayProxyEventV2): { readonly account: string; readonly dialect: Dialect } {
    // The query of a GET is the call itself.
    const isGet = event.requestContext.http.method === 'GET';
    const path = isGet ? { ...event, rawQueryString: '' } : event;
    const { account, version } = readParameters(callGetOrderState, path);
    const { dialect } = accountNamed(accounts, account);
    if (version !== dialect.version) {
      const sentence = `Parameter "version" must be ${dialect.version}, that of ${dialect.name}.`;
      throw new Failure('bad_request', sentence, { members: { parameters: ['version'] } });
    }
    return { account, dialect };
  }
}

/** Our own times, in the exchange's unit. */
function timesOf(startedAt: number, respondedAt: number, { unitsPerMs }: Dialect) {
  return {
    usIn: startedAt * unitsPerMs,
    usOut: respondedAt * unitsPerMs,
    usDiff: (respondedAt - startedAt) * unitsPerMs,
  };
}
