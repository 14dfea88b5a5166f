import type { CustomFault } from '../emulator/exchange/faults.ts';
import type { Exchange } from '../emulator/exchange/server.ts';
import { Tracker } from './traces.ts';

export const tracker = new Tracker();
export const seenTokens = new Set<string>();

/** Changes nothing; knows afterwards which tokens were handed out. */
export const rememberingTokens: CustomFault = (_request, genuine) => {
  for (const [, token = ''] of genuine.body.matchAll(/"(?:access|refresh)_token":"([^"]+)"/g)) remember('token', token);
  return genuine;
};

function remember(name: string, token: string): void {
  if (seenTokens.has(token)) return;
  seenTokens.add(token);
  tracker.add(name, token);
}

const looked = new Map<Exchange, number>();

/** What went over the wire since the last look to prove who calls. */
export function rememberCredentials(exchange: Exchange): void {
  const { requests } = exchange;
  const added = requests.slice(looked.get(exchange));
  looked.set(exchange, requests.length);
  for (const { headers } of added) {
    const [, kind = '', credential = ''] = /(bearer |sig=)(\S+)/.exec(headers.authorization ?? '') ?? [];
    if (credential !== '') remember(kind === 'sig=' ? 'signature' : 'token', credential);
  }
}
