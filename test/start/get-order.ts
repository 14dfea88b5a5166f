import { setTimeout as sleep } from 'node:timers/promises';
import * as z from 'zod/mini';
import { OrderResponse } from './terminal.ts';

const Problem = z.object({ title: z.optional(z.string()), detail: z.optional(z.string()) });

/**
 * Reads an order from the local API. A machine that is busy starting the stack may let the first requests run out of
 * time: the request is repeated when the API returns 503 and says when to try again. Throws what the API says otherwise.
 */
export async function getOrder(url: string, signal: AbortSignal, attempts = 5): Promise<OrderResponse> {
  const response = await fetch(url, { signal });
  const text = await response.text();
  if (response.ok) return OrderResponse.parse(JSON.parse(text));
  const retryAfter = response.headers.get('retry-after');
  if (response.status === 503 && retryAfter !== null && attempts > 1) {
    await sleep(Number(retryAfter) * 1000, undefined, { signal });
    return getOrder(url, signal, attempts - 1);
  }
  const { title = text, detail = '' } = z.catch(Problem, {}).parse(JSON.parse(text));
  throw new Error(`the first order could not be read (HTTP ${response.status}): ${title}. ${detail}`.trim());
}
