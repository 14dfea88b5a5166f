import type { APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2 } from 'aws-lambda';
import { history } from '../lib/api/presenters.ts';
import { listSnapshotsRequest } from '../lib/api/requests.ts';
import { listSnapshots as route } from '../lib/api/routes.ts';
import { systemClock as clock } from '../lib/clock.ts';
import { httpHandler } from '../lib/http/middleware.ts';
import { readParameters } from '../lib/http/request.ts';
import { respond } from '../lib/http/response.ts';
import { Logger } from '../lib/log.ts';
import { stage } from '../lib/stage/compiled-stage.ts';
import { wireListSnapshots } from '../lib/wiring/list-snapshots.ts';

const logger = new Logger();
const { listSnapshots, warmUp } = wireListSnapshots({ stage, env: process.env, clock });

async function onRequest(event: APIGatewayProxyEventV2): Promise<APIGatewayProxyStructuredResultV2> {
  const request = listSnapshotsRequest(readParameters(route, event));
  return respond(route, event, history(request, await listSnapshots(request)));
}

await warmUp();

export const handler = httpHandler({ logger, clock, stage }, onRequest);
