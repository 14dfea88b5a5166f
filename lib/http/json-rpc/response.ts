import type { APIGatewayProxyStructuredResultV2 } from 'aws-lambda';
import * as z from 'zod/mini';
import { JsonRpcResponse } from '../../api/responses.ts';
import { Failure } from '../../errors.ts';
import { writeJson } from '../../exchange/json.ts';
import type { HttpMiddleware } from '../middleware.ts';
import { httpResponse } from '../response.ts';
import { writeError } from './errors.ts';
import type { CallFailure } from './request.ts';

/** What stands around a result or an error. */
export type JsonRpcEnvelope = Omit<JsonRpcResponse, 'result' | 'error'>;

/** A call that failed: logged as the failure it is, while its caller gets `body`, a JSON-RPC error. */
export class JsonRpcFailure extends Failure {
  readonly body: string;

  constructor(failure: Failure, body: string) {
    super(failure.code, failure.message, failure);
    this.body = body;
  }
}

/** `result` is JSON text; the response holds it verbatim. */
export function writeResult(envelope: JsonRpcEnvelope, result: string): string {
  return `${writeJson(z.parse(JsonRpcResponse, envelope)).slice(0, -1)},"result":${result}}`;
}

export function jsonRpcFailure(envelope: JsonRpcEnvelope, { failure, error }: CallFailure): JsonRpcFailure {
  return new JsonRpcFailure(
    failure,
    writeJson(z.parse(JsonRpcResponse, { ...envelope, error: writeError(failure, error) })),
  );
}

/** Results and errors both have HTTP status 200: clients decide by the body. */
export function jsonRpcResponse(body: string): APIGatewayProxyStructuredResultV2 {
  return httpResponse(200, 'application/json', body);
}

/** Inside the stack of `httpHandler`: returns a JSON-RPC error for a failed call, instead of a problem. */
export const jsonRpcErrorMiddleware: HttpMiddleware = {
  onError: (request) => {
    if (request.error instanceof JsonRpcFailure) request.response = jsonRpcResponse(request.error.body);
  },
};
