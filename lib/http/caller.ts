import type { APIGatewayProxyEventV2 } from 'aws-lambda';
import * as z from 'zod/mini';
import { Failure } from '../errors.ts';
import type { Stage } from '../stage/stage.ts';

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

/** Which accounts the caller may read: with IAM, all that the gateway let through; else those that the token lists. */
export function readableAccounts(
  { requestContext }: APIGatewayProxyEventV2,
  { auth }: Stage,
): (account: string) => boolean {
  if (auth.kind === 'iam') return () => true;
  const claim = Authorizer.parse(requestContext).authorizer?.jwt?.claims[auth.accountsClaim];
  // The gateway writes a list as `[main desk-2]`; some issuers put a JSON list into one string.
  const listed = Array.isArray(claim) ? claim : String(claim ?? '').split(/[\s,[\]"]+/);
  return (account) => account !== '' && listed.includes(account);
}

/** Throws `account_forbidden` for a path with an account that the caller's token does not list. */
export function refuseForeignAccount(event: APIGatewayProxyEventV2, stage: Stage): void {
  const account = event.pathParameters?.['account'];
  // Only the list of all accounts names none, and shows what the caller may read.
  if (account === undefined && event.routeKey === 'GET /accounts') return;
  if (stage.auth.kind === 'iam' || readableAccounts(event, stage)(account ?? '')) return;
  throw new Failure('account_forbidden', `The token's claim "${stage.auth.accountsClaim}" does not list this account.`);
}
