import { createHmac } from 'node:crypto';
import type { Clock } from '../clock.ts';
import { Failure } from '../errors.ts';
import { isJsonObject, type Json } from './json.ts';
import { rethrowAsAccountFailure } from './order-failures.ts';
import { Secret } from './secret.ts';

export type ApiKey = { readonly clientId: string; readonly clientSecret: Secret };

/** A key and its version: two keys with the same version are the same. */
export type KeyVersion = { readonly version: string; readonly key: ApiKey };

/** Where the account's key comes from. Deadlines are epoch ms. Both throw `Failure` (`secret_*`). */
export type Credentials = {
  readonly get: (deadline: number) => Promise<KeyVersion>;
  /** The exchange refused this version: returns the newest, which may be the same. */
  readonly renew: (refusedVersion: string, deadline: number) => Promise<KeyVersion>;
};

/** What authenticates one request. */
export type Grant = {
  readonly headers: Readonly<Record<string, string>>;
  /** The exchange accepted this grant for a request. */
  readonly accepted: () => void;
  /** The exchange refused this grant. Returns whether to try another one of the same key. */
  readonly discard: () => boolean;
};

type Auth = {
  /** Throws the `Failure` of a request for a token. */
  readonly grant: (
    request: { readonly url: string; readonly body: string },
    key: KeyVersion,
    deadline: number,
  ) => Promise<Grant>;
};

/** Lower-case hex HMAC-SHA256 of the lines, as both exchanges' signatures require it. */
export function sign(secret: Secret, lines: readonly string[]): string {
  return createHmac('sha256', secret.reveal()).update(lines.join('\n')).digest('hex');
}

type SignedRequest = {
  readonly method: string;
  readonly url: string;
  readonly body: string;
  /** Epoch ms, within 60 s of the exchange's clock. */
  readonly timestamp: number;
  /** Single use. */
  readonly nonce: string;
};

/** The `authorization` header that signs one request: no token, no round trip. */
export function signedHeader({ clientId, clientSecret }: ApiKey, request: SignedRequest): string {
  const { pathname, search } = new URL(request.url);
  const timestamp = String(request.timestamp);
  const lines = [timestamp, request.nonce, request.method, pathname + search, request.body, ''];
  return `deri-hmac-sha256 id=${clientId},ts=${timestamp},nonce=${request.nonce},sig=${sign(clientSecret, lines)}`;
}

/** Signs each request. */
export function createSignatureAuth(deps: { readonly clock: Clock; readonly nonce: () => string }): Auth {
  return {
    grant: async (request, { key }) => {
      const stamp = { method: 'POST', timestamp: deps.clock.now(), nonce: deps.nonce() };
      return {
        headers: { authorization: signedHeader(key, { ...request, ...stamp }) },
        accepted: () => {},
        discard: () => false,
      };
    },
  };
}

/** Calls a public method and returns its result. */
type PublicCall = (method: string, params: Readonly<Record<string, string>>, deadline: number) => Promise<Json>;

type Token = { readonly version: string; readonly text: Secret; readonly expiresAt: number };

/** Used when the exchange does not say how long a token lives, seconds. */
const unknownLife = 60;
/** An exchange that issues tokens and refuses them must not get three requests for each call. */
const renewalCoolDownMs = 10_000;

/**
 * Bearer tokens by `client_credentials`: one for each version of the key, cached until shortly before it expires.
 * Concurrent callers share one request. A refused token is replaced at once, but no more than once in 10 s until one is
 * accepted. `onWarning` is called once per version if the key may write.
 */
export function createTokenAuth(deps: {
  readonly call: PublicCall;
  readonly clock: Clock;
  readonly onWarning?: (sentence: string) => void;
}): Auth {
  const { call, clock, onWarning } = deps;
  let current: Token | undefined;
  let flight: { readonly version: string; readonly token: Promise<Token> } | undefined;
  let warnedVersion: string | undefined;
  /** When a refused token was last discarded, if none was accepted since. */
  let discardedAt: number | undefined;

  const fetchToken = async ({ version, key }: KeyVersion, deadline: number): Promise<Token> => {
    const requestedAt = clock.now();
    const params = {
      grant_type: 'client_credentials',
      client_id: key.clientId,
      client_secret: key.clientSecret.reveal(),
    };
    const { text, life, mayWrite } = readToken(
      await call('public/auth', params, deadline).catch(rethrowAsAccountFailure),
    );
    if (mayWrite && warnedVersion !== version) {
      warnedVersion = version;
      onWarning?.('The exchange key is allowed to do more than read. A read-only key is enough, and safer.');
    }
    current = { version, text, expiresAt: requestedAt + life - Math.min(60_000, life / 10) };
    return current;
  };

  const grantOf = (token: Token, isNew: boolean): Grant => ({
    headers: { authorization: `bearer ${token.text.reveal()}` },
    accepted: () => {
      discardedAt = undefined;
    },
    discard: () => {
      // Otherwise another call has discarded it already.
      if (current === token) {
        if (discardedAt !== undefined && clock.now() < discardedAt + renewalCoolDownMs) return false;
        discardedAt = clock.now();
        current = undefined;
      }
      return !isNew;
    },
  });

  return {
    grant: async (_request, key, deadline) => {
      if (current?.version === key.version && clock.now() < current.expiresAt) return grantOf(current, false);
      if (flight?.version !== key.version) {
        const token = fetchToken(key, deadline).finally(() => {
          if (flight?.token === token) flight = undefined;
        });
        flight = { version: key.version, token };
      }
      return grantOf(await flight.token, true);
    },
  };
}

/** The result of public/auth: a token, its life in milliseconds, and what it is for, in the exchange's own words. */
export function readToken(result: Json): { text: Secret; life: number; scope: string; mayWrite: boolean } {
  const grant = isJsonObject(result) ? result : {};
  const text = grant['access_token'];
  if (typeof text !== 'string' || !/^[\x21-\x7e]+$/.test(text)) {
    throw new Failure('invalid_response', "The exchange's reply to public/auth has no usable access_token.");
  }
  const expiresIn = Number.parseInt(String(grant['expires_in']), 10);
  const scope = String(grant['scope'] ?? '');
  const mayWrite = /:(read_)?write\b/.test(scope);
  return { text: new Secret(text), life: (expiresIn > 0 ? expiresIn : unknownLife) * 1000, scope, mayWrite };
}
