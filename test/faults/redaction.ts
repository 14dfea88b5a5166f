import type { Key } from '../emulator/exchange/auth.ts';
import type { RecordedRequest } from '../emulator/exchange/requests.ts';
import { Tracker } from '../functions/traces.ts';

/** Looks like nothing else, and has a character of every kind that some encoding changes. */
export const key: Key = { clientId: 'Kq7-Zt5x_Hw3m', clientSecret: 'Cz9+Kq4/Vw=x%41Jm&"Rt"\\7d19~Bq2Lf' };
export const awsSecret = 'wJ7/Qx+Zp/Yd3/Hk+83b1c2Vn';
export const sessionToken = 'Fg5//Ns+Tb==5e1f90Lm8Rw';

/** Finds credentials in what a row has let out. */
export type Redaction = {
  /** Credentials in a request to the exchange, and tokens in its reply. */
  readonly sent: (request: Pick<RecordedRequest, 'headers'>) => void;
  readonly granted: (result: string | undefined) => void;
  /** Something that anybody might read. */
  readonly seen: (text: string) => void;
  /** What of which credential was seen since the last call, and forgets it. */
  readonly leaks: () => readonly string[];
  /** How many characters were searched, and for how many credentials. */
  readonly searched: () => { readonly characters: number; readonly credentials: number };
};

export function createRedaction(): Redaction {
  const tracker = new Tracker();
  tracker.addDistinctive('client id', key.clientId);
  tracker.addDistinctive('client secret', key.clientSecret);
  tracker.addDistinctive('AWS secret', awsSecret);
  tracker.addDistinctive('AWS session token', sessionToken);
  const known = new Set([key.clientId, key.clientSecret, awsSecret, sessionToken]);
  let texts: string[] = [];
  let characters = 0;
  const learn = (name: string, credential: string) => {
    if (known.has(credential)) return;
    known.add(credential);
    tracker.addStart(name, credential);
  };
  return {
    sent: ({ headers: { authorization = '' } }) => {
      const [, token] = /^bearer (\S+)$/.exec(authorization) ?? [];
      const [, signature] = /\bsig=([0-9a-f]+)$/.exec(authorization) ?? [];
      if (token !== undefined) learn('access token', token);
      if (signature !== undefined) learn('signature', signature);
    },
    granted: (result = '') => {
      for (const [, kind, token = ''] of result.matchAll(/"(access|refresh)_token":"([^"]+)"/g)) {
        learn(`${kind} token`, token);
      }
    },
    seen: (text) => {
      texts.push(text);
    },
    leaks: () => {
      const all = texts.join('\n');
      texts = [];
      characters += all.length;
      return tracker.find(all);
    },
    searched: () => ({ characters, credentials: known.size }),
  };
}
