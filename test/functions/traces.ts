/** This many consecutive characters of a secret are a trace of it; fewer may be an accident. */
const traceLength = 12;
/** Of one that looks like nothing else, even less: a parser's error quotes ten characters. */
const shortTraceLength = 8;

/** How a text may be encoded so that it can be decoded again. */
function formsOf(text: string): Readonly<Record<string, string>> {
  const bytes = Buffer.from(text);
  const hex = bytes.toString('hex');
  const json = JSON.stringify(text).slice(1, -1);
  // Inside a longer text, base64 has three alignments; the characters at both ends mix with those beside them.
  const base64 = [0, 1, 2].map((shift) =>
    Buffer.concat([Buffer.alloc(shift), bytes])
      .toString('base64')
      .slice(4, -4),
  );
  const [first = '', second = '', third = ''] = base64;
  return {
    plain: text,
    'JSON text': json,
    'JSON text in JSON': JSON.stringify(json).slice(1, -1),
    'URL-encoded': encodeURIComponent(text),
    'form-encoded': new URLSearchParams({ text }).toString().slice('text='.length),
    hex,
    'upper-case hex': hex.toUpperCase(),
    'bytes in hex': [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join(' '),
    'bytes in decimal': [...bytes].join(', '),
    'bytes in JSON': [...bytes].join(','),
    base64: first,
    'base64 after one byte': second,
    'base64 after two bytes': third,
    base64url: first.replaceAll('+', '-').replaceAll('/', '_'),
    'base64url after one byte': second.replaceAll('+', '-').replaceAll('/', '_'),
    'base64url after two bytes': third.replaceAll('+', '-').replaceAll('/', '_'),
  };
}

/** All that would betray a secret, by how it is written: for planting. */
export function disguisesOf(secret: string): readonly (readonly [string, string])[] {
  return Object.entries(formsOf(secret));
}

/** So many characters in a row of a form, from `offset` on, are looked for; `least` around them betray the secret. */
type Block = { readonly form: string; readonly offset: number; readonly least: number; readonly name: string };

/** Finds secrets in texts, whole or in part, however they are written. */
export class Tracker {
  readonly #blocks = new Map<string, Block[]>();
  /** Whether a block has this hash: at nearly every place of a text, that is enough. */
  readonly #hashes = new Uint8Array(1 << hashBits);

  add(name: string, secret: string): void {
    for (const [form, text] of distinctFormsOf(secret)) this.#learn(`${name}, ${form}`, text, traceLength);
  }

  /** For a secret that looks like nothing else: so the test wrote it, and not a generator. */
  addDistinctive(name: string, secret: string): void {
    this.add(name, secret);
    this.#learn(`${name}, in part`, secret, shortTraceLength);
  }

  /** Only how each form begins: for many secrets that a generator made. */
  addStart(name: string, secret: string): void {
    for (const [form, text] of distinctFormsOf(secret)) {
      // Digits and hex match by accident.
      const length = /^[0-9a-f, ]*$/i.test(text) ? traceLength : shortTraceLength;
      this.#learn(`${name}, ${form}`, text.slice(0, length), length);
    }
  }

  /** What of which secret is in the text, each once. */
  find(text: string): readonly string[] {
    const found = new Set<string>();
    for (let at = 0; at + shortTraceLength <= text.length; at++) {
      if (this.#hashes[hashOf(text, at)] === 0) continue;
      for (const block of this.#blocks.get(text.slice(at, at + shortTraceLength)) ?? []) {
        if (commonLength(text, at, block) >= block.least) found.add(block.name);
      }
    }
    return [...found];
  }

  /** So far apart, one of the blocks is whole in any `least` characters of the form. */
  #learn(name: string, form: string, least: number): void {
    for (let offset = 0; offset + shortTraceLength <= form.length; offset += least - shortTraceLength + 1) {
      const text = form.slice(offset, offset + shortTraceLength);
      this.#hashes[hashOf(form, offset)] = 1;
      const block = { form, offset, least, name };
      const known = this.#blocks.get(text);
      if (known === undefined) this.#blocks.set(text, [block]);
      else known.push(block);
    }
  }
}

const hashBits = 22;

/** Of as many characters as a block has. */
function hashOf(text: string, at: number): number {
  let hash = 0;
  for (let i = at; i < at + shortTraceLength; i++) hash = Math.imul(hash + text.charCodeAt(i), 0x9e3779b1);
  return hash >>> (32 - hashBits);
}

/** How many characters in a row the text at this place and the form around its block have in common. */
function commonLength(text: string, at: number, { form, offset }: Block): number {
  let before = 0;
  while (before < Math.min(at, offset) && text[at - before - 1] === form[offset - before - 1]) before += 1;
  let after = 0;
  while (offset + after < form.length && text[at + after] === form[offset + after]) after += 1;
  return before + after;
}

/** Many secrets are written the same way in several forms. */
function distinctFormsOf(secret: string): readonly (readonly [string, string])[] {
  return [...new Map(Object.entries(formsOf(secret)).map(([form, text]) => [text, form]))].map(([text, form]) => [
    form,
    text,
  ]);
}
