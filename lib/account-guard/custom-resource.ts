import type { MiddlewareObj } from '@middy/core';
import * as z from 'zod/mini';
import { asFailure, Failure } from '../errors.ts';
import { describeFailure, type Logger, logInvocations } from '../log.ts';

const Accounts = z.object({ Accounts: z.array(z.string()) });
const Request = z.object({
  StackId: z.string(),
  RequestId: z.string(),
  LogicalResourceId: z.string(),
  ResponseURL: z.string(),
});

/** CloudFormation's request: the accounts of a stage change. */
export const AccountsChange = z.discriminatedUnion('RequestType', [
  z.object({ RequestType: z.literal('Create') }),
  z.object({ RequestType: z.literal('Update'), ResourceProperties: Accounts, OldResourceProperties: Accounts }),
  z.object({ RequestType: z.literal('Delete') }),
]);

const timeoutMs = 5_000;

/**
 * The middleware of a custom resource's handler. CloudFormation waits up to an hour for a response at an address of its
 * own. A handler that returns a sentence refuses the change, and the deployment is rolled back.
 */
export function customResource({ logger }: { readonly logger: Logger }): MiddlewareObj<unknown, string | undefined>[] {
  return [
    logInvocations(logger),
    {
      after: async ({ event, response }) => {
        logger[response == null ? 'info' : 'warn']('responded', { refusal: response ?? undefined });
        await sendResponse(event, response ?? undefined);
      },
      onError: async (request) => {
        const failure = asFailure(request.error);
        logger.error('failed', describeFailure(failure));
        const refusal = `Could not verify that this change is allowed (${failure.code}): see the log of guard-accounts.`;
        await sendResponse(request.event, refusal);
        request.response = refusal;
      },
    },
  ];
}

async function sendResponse(event: unknown, refusal: string | undefined): Promise<void> {
  const { ResponseURL: url, ...request } = Request.parse(event);
  const body = {
    ...request,
    PhysicalResourceId: request.LogicalResourceId,
    Status: refusal === undefined ? 'SUCCESS' : 'FAILED',
    Reason: refusal,
  };
  const accepted = await fetch(url, {
    method: 'PUT',
    body: JSON.stringify(body),
    // The signature of the address covers an empty type.
    headers: { 'content-type': '' },
    redirect: 'error',
    signal: AbortSignal.timeout(timeoutMs),
  });
  if (!accepted.ok)
    throw new Failure('internal', `CloudFormation did not accept the response: HTTP ${accepted.status}.`);
}
