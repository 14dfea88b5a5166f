import type { APIGatewayProxyEventV2 } from 'aws-lambda';
import * as z from 'zod/mini';
import { Failure } from '../errors.ts';
import type { Stage } from '../stage.ts';

const Authorizer = z.object({
  authorizer: z.optional(
    z.object({
      iam: z.optional(z.object({ userArn: z.string() })),
      jwt: z.optional(z.object({ claims: z.record(z.string(), z.unknown()) })),
    }),
  ),
});

/**
 * Who made the request: the ARN that signed it, or the subject of its token. The local endpoint checks neither, and
 * names its caller in the same place.
 */
export function callerOf({ requestContext }: APIGatewayProxyEventV2): string {
  const { authorizer } = Authorizer.parse(requestContext);
  const caller = authorizer?.iam?.userArn ?? authorizer?.jwt?.claims['sub'];
  if (typeof caller === 'string') return caller;
  if (authorizer?.jwt !== undefined) {
    throw new Failure(
      'account_forbidden',
      "The token needs a `sub` claim: changes are recorded with the caller's identity.",
    );
  }
  throw new Failure('internal', 'The gateway did not identify the caller.');
}

/**
 * Throws `account_forbidden` for an account that the caller's token does not list. The gateway writes a list as
 * `[main desk-2]`; some issuers put a JSON list into one string.
 */
export function refuseForeignAccount(
  { requestContext, pathParameters }: APIGatewayProxyEventV2,
  { auth }: Stage,
): void {
  if (auth.kind === 'iam') return;
  const account = pathParameters?.['account'] ?? '';
  const claim = Authorizer.parse(requestContext).authorizer?.jwt?.claims[auth.accountsClaim];
  const listed = Array.isArray(claim) ? claim : String(claim ?? '').split(/[\s,[\]"]+/);
  if (account !== '' && listed.includes(account)) return;
  throw new Failure('account_forbidden', `The token's claim "${auth.accountsClaim}" does not list this account.`);
}
