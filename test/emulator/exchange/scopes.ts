import type { Dialect } from './wire.ts';

const keyScopes: Readonly<Record<Dialect, string>> = {
  // The odd part is what a real key's reply shows.
  orangex: 'account:read trade:read block_trade:undefined',
  deribit: 'account:read trade:read wallet:read',
};

/** What is granted: on orangex all that the key has; on deribit what was requested, narrowed to what the key has. */
export function grantScope(dialect: Dialect, keyScope: string | undefined, requested: string): string {
  const has = keyScope ?? keyScopes[dialect];
  if (dialect === 'orangex') return has;
  const scopes = words(requested).filter((word) => /:(?:none|read|read_write)$/.test(word));
  if (scopes.length === 0) return has;
  return scopes.flatMap((word) => narrow(word, has)).join(' ');
}

/** How long a token lives and what it is tied to. orangex knows nothing of the kind. */
export function sessionOf(dialect: Dialect, requested: string): { name?: string; expires?: number } {
  if (dialect === 'orangex') return {};
  const scopes = words(requested);
  const expires = Number(scopes.find((word) => /^expires:\d+$/.test(word))?.slice('expires:'.length));
  const name = scopes.find((word) => word.startsWith('session:')) ?? 'connection';
  return Number.isFinite(expires) ? { name, expires } : { name };
}

export function mayReadOrders(scope: string): boolean {
  return words(scope).some((word) => word === 'trade:read' || word === 'trade:read_write');
}

function narrow(requested: string, has: string): string[] {
  const [realm = ''] = requested.split(':');
  const own = words(has).find((word) => word.startsWith(`${realm}:`));
  if (own === undefined) return [];
  return own.endsWith(':read_write') ? [requested] : [requested.endsWith(':none') ? requested : own];
}

function words(scope: string): string[] {
  return scope.split(' ').filter((word) => word !== '');
}
