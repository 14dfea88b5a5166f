import { createHash, createHmac } from 'node:crypto';
import { SignatureV4 } from '@smithy/signature-v4';
import type { ClientSetting } from '../../lib/api/client.ts';

type Fetch = NonNullable<ClientSetting['fetch']>;
type Signing = ConstructorParameters<typeof SignatureV4>[0];

/** Asks as the platform does, each request signed for API Gateway with the caller's own credentials. */
export function createSignedFetch({ credentials, region }: Pick<Signing, 'credentials' | 'region'>): Fetch {
  const signer = new SignatureV4({ service: 'execute-api', sha256: Sha256, credentials, region });
  return async (url, { method, headers, body }) => {
    const { protocol, hostname, host, pathname: path, searchParams } = new URL(url);
    const query = Object.fromEntries(searchParams);
    const asked = { protocol, hostname, method, path, query, headers: { ...headers, host } };
    const signed = await signer.sign({ ...asked, ...(body !== undefined && { body }) });
    const { host: _, ...sent } = signed.headers;
    return fetch(url, { method, headers: sent, ...(body !== undefined && { body }) });
  };
}

/** The hash that the signer asks for, as Node has it. */
class Sha256 {
  readonly #hash;

  constructor(secret?: string | ArrayBuffer | ArrayBufferView) {
    this.#hash = secret === undefined ? createHash('sha256') : createHmac('sha256', bytesOf(secret));
  }

  update(data: string | ArrayBuffer | ArrayBufferView): void {
    this.#hash.update(bytesOf(data));
  }

  async digest(): Promise<Uint8Array> {
    return this.#hash.digest();
  }
}

function bytesOf(data: string | ArrayBuffer | ArrayBufferView): Uint8Array {
  if (typeof data === 'string') return Buffer.from(data);
  return ArrayBuffer.isView(data)
    ? new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
    : new Uint8Array(data);
}
