import { createHash, createHmac, type Hash, type Hmac } from 'node:crypto';

/** A checksum by Node itself, as the SDK needs it: without the SDK's own, which are written in JavaScript. */
class Checksum {
  readonly #algorithm: string;
  readonly #secret: string | Uint8Array | undefined;
  #hash: Hash | Hmac;

  constructor(algorithm: string, secret?: string | Uint8Array) {
    this.#algorithm = algorithm;
    this.#secret = secret;
    this.#hash = this.#start();
  }

  update(data: string | Uint8Array): void {
    this.#hash.update(data);
  }

  async digest(): Promise<Uint8Array> {
    return new Uint8Array(this.#hash.digest());
  }

  reset(): void {
    this.#hash = this.#start();
  }

  #start(): Hash | Hmac {
    return this.#secret === undefined ? createHash(this.#algorithm) : createHmac(this.#algorithm, this.#secret);
  }
}

/** Signs the SDK's requests. */
export class Sha256 extends Checksum {
  constructor(secret?: string | Uint8Array) {
    super('sha256', secret);
  }
}

/** Compares what was sent with what SQS received. */
export class Md5 extends Checksum {
  constructor() {
    super('md5');
  }
}
