import type { APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2 } from 'aws-lambda';
import { accountOverview } from '../lib/api/presenters.ts';
import { getAccount, listAccounts } from '../lib/api/routes.ts';
import { systemClock as clock } from '../lib/clock.ts';
import { readableAccounts } from '../lib/http/caller.ts';
import { httpHandler } from '../lib/http/middleware.ts';
import { readParameters } from '../lib/http/request.ts';
import { respond } from '../lib/http/response.ts';
import { Logger } from '../lib/log.ts';
import { stage } from '../lib/stage/compiled-stage.ts';
import { wireListAccounts } from '../lib/wiring/list-accounts.ts';

const logger = new Logger();
const { accounts, warmUp } = wireListAccounts({ stage, env: process.env, clock });

async function onRequest(event: APIGatewayProxyEventV2): Promise<APIGatewayProxyStructuredResultV2> {
  if (event.pathParameters?.['account'] !== undefined) {
    const { account } = readParameters(getAccount, event);
    return respond(getAccount, event, accountOverview(await accounts.one(account), clock.now()));
  }
  readParameters(listAccounts, event);
  const all = await accounts.all(readableAccounts(event, stage));
  return respond(listAccounts, event, { accounts: all.map((each) => accountOverview(each, clock.now())) });
}

await warmUp();

export const handler = httpHandler({ logger, clock, stage }, onRequest);
