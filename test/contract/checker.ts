import * as z from 'zod/mini';
import type { createChecker, ReceivedResponse } from '../lib/api/document.ts';
import type { GeneratedRequest } from './requests.ts';

const problemJson = 'application/problem+json';
const Refusal = z.object({ code: z.string(), detail: z.string(), parameters: z._default(z.array(z.string()), []) });
const RpcError = z.object({ error: z.object({ data: z.object({ param: z.optional(z.string()) }) }) });

/** Whether a response of the exchange's own kind is an error, though its status is 200. */
export function isRpcError({ status, text }: ReceivedResponse): boolean {
  return status === 200 && z.safeParse(RpcError, JSON.parse(text)).success;
}

/** What is wrong with a response, as words; none when it is what the document and the request call for. */
export function checker(
  meant: GeneratedRequest,
  reported: ReceivedResponse,
  { complaints }: ReturnType<typeof createChecker>,
): readonly string[] {
  const { operation, spoiled } = meant;
  if (reported.status >= 500 && reported.status !== 503) return [`responds with ${reported.status}`];
  const found = [...complaints(operation.name, reported)];
  if (reported.type === problemJson) found.push(...complaintsOfRefusal(meant, reported));
  if (spoiled === undefined && reported.status === 400) found.push('refuses what the document allows');
  if (spoiled === undefined && reported.type === 'application/json' && reported.status > 400)
    found.push('loses the route');
  if (spoiled === 'method' && reported.type === problemJson) found.push('has a route that the document has not');
  if (spoiled !== undefined && reported.status === 200 && !isRpcError(reported))
    found.push('responds with what the document forbids');
  if (meant.wrong !== undefined && isRpcError(reported)) {
    const { param } = z.safeParse(RpcError, JSON.parse(reported.text)).data?.error.data ?? {};
    if (param !== meant.wrong) found.push(`names ${param} and not ${meant.wrong}`);
  }
  return found;
}

/** A refusal of ours says which parameter it is about. */
function complaintsOfRefusal({ wrong, parameters }: GeneratedRequest, { text }: ReceivedResponse): readonly string[] {
  const { code, detail, parameters: named } = Refusal.parse(JSON.parse(text));
  const givenAs = (name: string) => parameters.find(([one]) => one === name)?.[1] ?? '';
  switch (code) {
    case 'bad_request':
      if (named.length === 0) return ['names no parameter'];
      if (wrong !== undefined && !named.includes(wrong)) return [`names ${named.join()} and not ${wrong}`];
      return named.filter((name) => !detail.includes(JSON.stringify(name))).map((name) => `has no sentence on ${name}`);
    case 'unknown_account':
      return detail.includes(givenAs('account')) ? [] : ['does not name the account'];
    case 'order_not_found':
      return detail.includes(givenAs('order_id')) ? [] : ['does not name the order'];
    default:
      return [];
  }
}
