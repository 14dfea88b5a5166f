import type { MiddlewareObj } from '@middy/core';
import type { APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2 } from 'aws-lambda';
import * as z from 'zod/mini';
import { JsonRpcResponse } from '../../api/responses.ts';
import { Failure } from '../../errors.ts';
import { writeJson } from '../../exchange/json.ts';
import { reply } from '../middleware.ts';
import { writeError } from './errors.ts';
import type { Fault } from './request.ts';

/** What stands around a result or an error. */
export type Envelope = Omit<JsonRpcResponse, 'result' | 'error'>;

/** A call that was answered with an error: for the log it is the failure that it is, for its caller `answer`. */
export class JsonRpcFailure extends Failure {
  readonly answer: string;

  constructor(failure: Failure, answer: string) {
    super(failure.code, failure.message, failure);
    this.answer = answer;
  }
}

/** `result` is JSON text, and stands in the answer character by character. */
export function writeResult(envelope: Envelope, result: string): string {
  return `${writeJson(z.parse(JsonRpcResponse, envelope)).slice(0, -1)},"result":${result}}`;
}

export function jsonRpcFailure(envelope: Envelope, { failure, error }: Fault): JsonRpcFailure {
  return new JsonRpcFailure(
    failure,
    writeJson(z.parse(JsonRpcResponse, { ...envelope, error: writeError(failure, error) })),
  );
}

/** Both kinds of answer come with HTTP status 200: clients decide by the body. */
export function rpcReply(answer: string): APIGatewayProxyStructuredResultV2 {
  return reply(200, 'application/json', answer);
}

/** Inside the stack of `http`: gives the caller of a failed call its own answer, and not a problem. */
export const jsonRpcErrors: MiddlewareObj<APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2> = {
  onError: (request) => {
    if (request.error instanceof JsonRpcFailure) request.response = rpcReply(request.error.answer);
  },
};
