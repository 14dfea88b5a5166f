import type { APIGatewayProxyEventV2 } from 'aws-lambda';
import { isLosslessNumber } from 'lossless-json';
import * as z from 'zod/mini';
import { callGetOrderState } from '../../api/routes.ts';
import { asFailure, Failure } from '../../errors.ts';
import { isJsonObject, type Json, JsonError, type JsonObject, parseJson } from '../../exchange/json.ts';
import { parseBySchema, readParameters, requestBody } from '../request.ts';
import { invalidRequest, methodNotFound, parseError, type RpcError } from './errors.ts';

/** A call: its order id, or why it is invalid. `id` keeps its digits; a GET has no id. */
type Call = { readonly id?: Json | undefined; readonly orderId: string | CallFailure };

/** Why a call fails. Without `error`, the failure's code says which error of the exchange it is. */
export type CallFailure = { readonly failure: Failure; readonly error?: RpcError };

const { jsonrpc: Version, method: Method, params: Params } = callGetOrderState.body.shape;

/** Reads a call from the query of a GET or the JSON-RPC body of a POST. Never throws: an error becomes a `CallFailure`. */
export function readCall(event: APIGatewayProxyEventV2): Call {
  return event.requestContext.http.method === 'GET' ? readQuery(event) : readMessage(event);
}

function readQuery({ pathParameters: _, ...event }: APIGatewayProxyEventV2): Call {
  return { orderId: orFault(() => readParameters({ parameters: Params }, event).order_id) };
}

function readMessage(event: APIGatewayProxyEventV2): Call {
  let message: Json;
  try {
    message = parseJson(requestBody(event));
  } catch (thrown) {
    return { id: null, orderId: unreadable(thrown) };
  }
  if (!isJsonObject(message)) {
    return {
      id: null,
      orderId: fault('The body must be one call, an object: batch requests are not supported.', invalidRequest),
    };
  }
  const { id, ...call } = message;
  if (!isId(id)) return { id: null, orderId: fault('id must be a string, a number or null.', invalidRequest) };
  return { id, orderId: readOrderId(call) };
}

function readOrderId({ jsonrpc, method, params = {}, ...others }: JsonObject): string | CallFailure {
  if (!z.safeParse(Version, jsonrpc).success) return fault('jsonrpc must be "2.0".', invalidRequest);
  if (typeof method !== 'string') return fault('method must be a string.', invalidRequest);
  if (Object.keys(others).length > 0) {
    return fault('A call has jsonrpc, id, method and params only.', invalidRequest);
  }
  if (!z.safeParse(Method, method).success) {
    return fault('Only private/get_order_state can be called here.', methodNotFound);
  }
  if (!isJsonObject(params)) return badParam('params', 'must be an object with the order_id');
  return orFault(() => parseBySchema(Params, params).order_id);
}

function isId(id: Json | undefined): boolean {
  return id === undefined || id === null || typeof id === 'string' || isLosslessNumber(id);
}

function unreadable(thrown: unknown): CallFailure {
  if (!(thrown instanceof JsonError)) return { failure: asFailure(thrown), error: invalidRequest };
  const { doubledKey } = thrown;
  if (doubledKey === undefined) return fault('The body must be JSON, nested at most 32 deep.', parseError);
  if (Object.hasOwn(Params.shape, doubledKey)) return badParam(doubledKey, 'is given twice');
  return fault('The body repeats a key.', invalidRequest);
}

function orFault(read: () => string): string | CallFailure {
  try {
    return read();
  } catch (thrown) {
    return { failure: asFailure(thrown) };
  }
}

function badParam(name: string, message: string): CallFailure {
  const members = { parameters: [name] };
  return { failure: new Failure('bad_request', `Parameter "${name}" ${message}.`, { members }) };
}

function fault(sentence: string, error: RpcError): CallFailure {
  return { failure: new Failure('bad_request', sentence), error };
}
