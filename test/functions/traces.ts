/** So much of a secret in a row is a trace of it; fewer characters may be an accident. */
const traceLength = 12;
/** Of one that looks like nothing else, even less: a parser's error quotes ten characters. */
const shortTraceLength = 8;

/** How a text may be written so that who knows how can read it again. */
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

/** Finds secrets in texts, whole or in part, however they are written. */
export class Tracker {
  readonly #traces = new Map<string, string>();
  /** The first characters of each trace: at nearly every place of a text, one look is enough. */
  readonly #starts = new Set<string>();

  add(name: string, secret: string): void {
    for (const [form, text] of Object.entries(formsOf(secret))) {
      for (const trace of windows(text, traceLength)) this.#set(trace, `${name}, ${form}`);
    }
  }

  /** For a secret that looks like nothing else: so the test wrote it, and not a generator. */
  addDistinctive(name: string, secret: string): void {
    this.add(name, secret);
    for (const trace of windows(secret, shortTraceLength)) this.#set(trace, `${name}, in part`);
  }

  /** Only how each form begins: for many secrets that a generator made. */
  addStart(name: string, secret: string): void {
    for (const [form, text] of Object.entries(formsOf(secret))) {
      // Digits and hex match by accident.
      const length = /^[0-9a-f, ]*$/i.test(text) ? traceLength : shortTraceLength;
      this.#set(text.slice(0, length), `${name}, ${form}`);
    }
  }

  /** What of which secret is in the text, each once. */
  find(text: string): readonly string[] {
    const found = new Set<string>();
    for (let at = 0; at < text.length; at++) {
      if (!this.#starts.has(text.slice(at, at + shortTraceLength))) continue;
      for (const length of [traceLength, shortTraceLength]) {
        const name = this.#traces.get(text.slice(at, at + length));
        if (name !== undefined) found.add(name);
      }
    }
    return [...found];
  }

  #set(trace: string, name: string): void {
    this.#traces.set(trace, name);
    this.#starts.add(trace.slice(0, shortTraceLength));
  }
}

function* windows(text: string, length: number): Generator<string> {
  for (let at = 0; at + length <= text.length; at++) yield text.slice(at, at + length);
}
