import { createHash, createHmac } from 'node:crypto';
import { HttpRequest } from '@smithy/core/protocols';
import { SignatureV4 } from '@smithy/signature-v4';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { type AwsKey, createSign } from '../../../lib/aws/signature.ts';

/** A hash of node's, in the form that the SDK's signer takes. */
class Sha256 {
  readonly #hash;
  constructor(secret?: string | ArrayBuffer | ArrayBufferView) {
    const key = typeof secret === 'string' || secret === undefined ? secret : Buffer.from(bytesOf(secret));
    this.#hash = key === undefined ? createHash('sha256') : createHmac('sha256', key);
  }
  update(data: Uint8Array): void {
    this.#hash.update(data);
  }
  async digest(): Promise<Uint8Array> {
    return this.#hash.digest();
  }
  reset(): void {}
}

function bytesOf(data: ArrayBuffer | ArrayBufferView): Uint8Array {
  return ArrayBuffer.isView(data)
    ? new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
    : new Uint8Array(data);
}

const visible = (max: number) => fc.stringMatching(new RegExp(`^[!-~]{1,${max}}$`));
const key = fc.record<AwsKey>({
  accessKeyId: fc.stringMatching(/^[A-Z0-9]{16,20}$/),
  secretAccessKey: visible(40),
  sessionToken: fc.option(visible(300), { nil: undefined }),
});
const post = fc.record({
  host: fc.constantFrom('dynamodb.eu-central-1.amazonaws.com', '127.0.0.1:8000'),
  path: fc.constantFrom('/', '/base/'),
  target: visible(30),
  body: fc.string({ unit: 'grapheme' }),
  now: fc.integer({ min: Date.parse('2026-01-01'), max: Date.parse('2036-01-01') }),
});

it("every signature is the same as the SDK's, whatever key and day come after one another", async () => {
  const service = 'dynamodb';
  const region = 'eu-central-1';
  await fc.assert(
    fc.asyncProperty(fc.array(fc.tuple(key, post), { minLength: 1, maxLength: 5 }), async (requests) => {
      let current: AwsKey | undefined;
      const sign = createSign(service, region, () => current ?? { accessKeyId: '', secretAccessKey: '' });
      for (const [{ accessKeyId, secretAccessKey, sessionToken }, { host, path, target, body, now }] of requests) {
        current = { accessKeyId, secretAccessKey, sessionToken };
        const headers = { host, 'x-amz-target': target, 'content-type': 'application/x-amz-json-1.0' };
        const credentials = { accessKeyId, secretAccessKey, ...(sessionToken !== undefined && { sessionToken }) };
        const signer = new SignatureV4({ service, region, credentials, sha256: Sha256, applyChecksum: false });
        const request = new HttpRequest({ method: 'POST', hostname: host, path, headers, body });
        const expected = await signer.sign(request, { signingDate: new Date(now) });
        expect(sign({ path, headers, body }, now)).toEqual(expected.headers);
      }
    }),
  );
});
