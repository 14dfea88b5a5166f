import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { defaultAccount } from './orders.ts';
import { Refusal } from './refusals.ts';
import { grantScope, sessionOf } from './scopes.ts';
import type { Dialect, WireObject } from './wire.ts';

export type Key = {
  readonly clientId: string;
  readonly clientSecret: string;
  /** What the key may do at most. By default it may read. */
  readonly scope?: string;
  /** Whose orders it sees. Keys of one account see the same orders. */
  readonly account?: string;
};

/** What a request is authenticated by. */
type Proof = {
  readonly authorization: string | undefined;
  readonly method: string;
  readonly uri: string;
  readonly body: string;
  readonly connection: number;
};

/** The authenticated caller. */
export type Caller = { readonly account: string; readonly scope: string; readonly accessToken: string | undefined };

type Token = {
  readonly clientId: string;
  readonly account: string;
  readonly scope: string;
  readonly refreshToken: string;
  readonly expiresAt: number;
  /** A token of scope `connection` lives and dies with the connection that it was granted on. */
  readonly connection: number | undefined;
};

type KeyRingOptions = {
  readonly dialect: Dialect;
  readonly keys: readonly Key[];
  readonly now: () => number;
  readonly tokenLifeSeconds: number;
};

/** How far a signature's timestamp may be off. */
const toleranceMs = 60_000;

/** The exchange's keys, the tokens it granted, and the nonces it has seen. */
export class KeyRing {
  readonly #options: KeyRingOptions;
  #keys: readonly Key[];
  readonly #tokens = new Map<string, Token>();
  readonly #nonces = new Map<string, number>();

  constructor(options: KeyRingOptions) {
    this.#options = options;
    this.#keys = options.keys;
  }

  get keys(): readonly Key[] {
    return this.#keys;
  }

  /** Rotates the keys. What was granted to a key that is gone, or that has another secret now, is void at once. */
  set keys(keys: readonly Key[]) {
    const same = (key: Key) => keys.some((k) => k.clientId === key.clientId && k.clientSecret === key.clientSecret);
    const gone = new Set(this.#keys.filter((key) => !same(key)).map((key) => key.clientId));
    this.#keys = keys;
    for (const [accessToken, token] of this.#tokens) {
      if (gone.has(token.clientId)) this.#tokens.delete(accessToken);
    }
  }

  revoke(accessToken: string): void {
    this.#tokens.delete(accessToken);
  }

  revokeAll(): void {
    this.#tokens.clear();
  }

  /** `public/auth`: the result's fields. */
  grant(params: Readonly<Record<string, unknown>>, connection: number): WireObject {
    const scope = typeof params['scope'] === 'string' ? params['scope'] : '';
    switch (text(params, 'grant_type')) {
      case 'client_credentials': {
        const key = this.#key(text(params, 'client_id'));
        if (!equal(text(params, 'client_secret'), key.clientSecret)) throw new Refusal(13004);
        return this.#issue(key, scope, connection, params['state']);
      }
      case 'client_signature':
        return this.#issue(this.#signedGrant(params), scope, connection, params['state']);
      case 'refresh_token':
        return this.#refresh(text(params, 'refresh_token'), connection);
      default:
        throw new Refusal(-32602, { reason: 'wrong value', param: 'grant_type' });
    }
  }

  authenticate(proof: Proof): Caller {
    const { authorization } = proof;
    const token = authorization && /^bearer (\S+)$/i.exec(authorization)?.[1];
    if (token) return this.#bearer(token, proof.connection);
    const signed = authorization && /^deri-hmac-sha256 (.*)$/i.exec(authorization)?.[1];
    if (signed && this.#options.dialect === 'deribit') return this.#signed(signed, proof);
    throw this.#noToken();
  }

  #bearer(accessToken: string, connection: number): Caller {
    const token = this.#tokens.get(accessToken);
    if (!token || token.expiresAt <= this.#options.now()) throw this.#noToken();
    if (token.connection !== undefined && token.connection !== connection) throw this.#noToken();
    return { account: token.account, scope: token.scope, accessToken };
  }

  /** `Authorization: deri-hmac-sha256 id=..,ts=..,nonce=..,sig=..` */
  #signed(fields: string, { method, uri, body }: Proof): Caller {
    const parts = new Map(fields.split(',').map((part) => cutAt(part.trim(), '=')));
    const [id, ts, nonce, sig] = [parts.get('id'), parts.get('ts'), parts.get('nonce'), parts.get('sig')];
    if (!id || !ts || !nonce || !sig) throw new Refusal(13004);
    const key = this.#key(id);
    const expected = sign(key.clientSecret, `${ts}\n${nonce}\n${method.toUpperCase()}\n${uri}\n${body}\n`);
    this.#checkSignature(id, ts, nonce, sig, expected);
    return {
      account: key.account ?? defaultAccount,
      scope: grantScope('deribit', key.scope, ''),
      accessToken: undefined,
    };
  }

  #signedGrant(params: Readonly<Record<string, unknown>>): Key {
    // The specification names this grant; live, it was refused.
    if (this.#options.dialect === 'orangex') throw new Refusal(10000);
    const key = this.#key(text(params, 'client_id'));
    const ts = String(params['timestamp']);
    const nonce = typeof params['nonce'] === 'string' ? params['nonce'] : '';
    const data = typeof params['data'] === 'string' ? params['data'] : '';
    const expected = sign(key.clientSecret, `${ts}\n${nonce}\n${data}`);
    this.#checkSignature(key.clientId, ts, nonce, text(params, 'signature'), expected);
    return key;
  }

  #checkSignature(clientId: string, ts: string, nonce: string, given: string, expected: string): void {
    const now = this.#options.now();
    if (!/^\d{1,15}$/.test(ts) || Math.abs(now - Number(ts)) > toleranceMs) throw new Refusal(13004);
    if (!equal(given, expected)) throw new Refusal(13004);
    // The oldest come first, and a nonce has to be known only while its timestamp could still pass.
    for (const [seen, at] of this.#nonces) {
      if (now - at <= 2 * toleranceMs) break;
      this.#nonces.delete(seen);
    }
    const use = `${clientId}\n${nonce}`;
    if (nonce !== '' && this.#nonces.has(use)) throw new Refusal(13004);
    this.#nonces.set(use, now);
  }

  #issue(key: Key, requested: string, connection: number, state?: unknown): WireObject {
    const { dialect, now, tokenLifeSeconds } = this.#options;
    const scope = grantScope(dialect, key.scope, requested);
    const session = sessionOf(dialect, requested);
    const expiresIn = session.expires === undefined ? tokenLifeSeconds : Math.min(session.expires, tokenLifeSeconds);
    return this.#keep(
      {
        clientId: key.clientId,
        account: key.account ?? defaultAccount,
        scope: session.name === undefined ? scope : `${session.name} ${scope}`,
        refreshToken: randomBytes(30).toString('base64url'),
        expiresAt: now() + expiresIn * 1000,
        connection: session.name === 'connection' ? connection : undefined,
      },
      expiresIn,
      typeof state === 'string' ? state : undefined,
    );
  }

  /** The old access token is void at once, and the refresh token is used up. */
  #refresh(refreshToken: string, connection: number): WireObject {
    const found = [...this.#tokens].find(([, token]) => token.refreshToken === refreshToken);
    if (!found) throw this.#noToken();
    const [accessToken, token] = found;
    this.#tokens.delete(accessToken);
    const { now, tokenLifeSeconds } = this.#options;
    const renewed: Token = {
      ...token,
      refreshToken: randomBytes(30).toString('base64url'),
      expiresAt: now() + tokenLifeSeconds * 1000,
      connection: token.connection === undefined ? undefined : connection,
    };
    return this.#keep(renewed, tokenLifeSeconds);
  }

  #keep(token: Token, expiresIn: number, state?: string): WireObject {
    const accessToken = randomBytes(30).toString('base64url');
    this.#tokens.set(accessToken, token);
    const { scope, refreshToken } = token;
    const granted = { token_type: 'bearer', scope, refresh_token: refreshToken, expires_in: expiresIn, state };
    return this.#options.dialect === 'orangex'
      ? { access_token: accessToken, ...granted }
      : { ...granted, access_token: accessToken, sid: randomBytes(9).toString('base64url'), enabled_features: [] };
  }

  #key(clientId: string): Key {
    const key = this.#keys.find((candidate) => candidate.clientId === clientId);
    if (!key) throw new Refusal(13004);
    return key;
  }

  #noToken(): Refusal {
    return this.#options.dialect === 'orangex' ? new Refusal(10000) : new Refusal(13009);
  }
}

function sign(secret: string, data: string): string {
  return createHmac('sha256', secret).update(data, 'utf8').digest('hex');
}

function equal(given: string, expected: string): boolean {
  const [a, b] = [Buffer.from(given), Buffer.from(expected)];
  return a.length === b.length && timingSafeEqual(a, b);
}

function text(params: Readonly<Record<string, unknown>>, param: string): string {
  const value = params[param];
  if (typeof value === 'string') return value;
  throw new Refusal(-32602, { reason: value === undefined ? 'missing' : 'wrong format', param });
}

function cutAt(part: string, mark: string): readonly [string, string] {
  const at = part.indexOf(mark);
  return at < 0 ? [part, ''] : [part.slice(0, at), part.slice(at + 1)];
}
