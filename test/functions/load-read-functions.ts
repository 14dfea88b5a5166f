import type { APIGatewayProxyEventV2 } from 'aws-lambda';
import * as z from 'zod/mini';
import { contextOf } from './events.ts';
import { startAnew, type TestEnvironment } from './fresh-start.ts';

const Answer = z.object({ statusCode: z.number(), headers: z.record(z.string(), z.string()), body: z.string() });
export type Reading = (event: APIGatewayProxyEventV2) => Promise<z.infer<typeof Answer>>;

export async function loadListOrders(environment: TestEnvironment): Promise<Reading> {
  startAnew(environment);
  const { handler } = await import('../../functions/list-orders.ts');
  return async (event) => Answer.parse(await handler(event, contextOf()));
}

export async function loadListSnapshots(environment: TestEnvironment): Promise<Reading> {
  startAnew(environment);
  const { handler } = await import('../../functions/list-snapshots.ts');
  return async (event) => Answer.parse(await handler(event, contextOf()));
}
