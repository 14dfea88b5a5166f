import type { APIGatewayProxyEventV2 } from 'aws-lambda';
import * as z from 'zod/mini';
import { contextOf } from './events.ts';
import { type Surroundings, startAnew } from './fresh-start.ts';

const Answer = z.object({ statusCode: z.number(), headers: z.record(z.string(), z.string()), body: z.string() });
export type Reading = (event: APIGatewayProxyEventV2) => Promise<z.infer<typeof Answer>>;

export async function loadListOrders(surroundings: Surroundings): Promise<Reading> {
  startAnew(surroundings);
  const { handler } = await import('../../functions/list-orders.ts');
  return async (event) => Answer.parse(await handler(event, contextOf()));
}

export async function loadListSnapshots(surroundings: Surroundings): Promise<Reading> {
  startAnew(surroundings);
  const { handler } = await import('../../functions/list-snapshots.ts');
  return async (event) => Answer.parse(await handler(event, contextOf()));
}
