const quote = 0x22;
const comma = 0x2c;
const openBracket = 0x5b;
const backslash = 0x5c;
const closeBracket = 0x5d;
const openBrace = 0x7b;
const closeBrace = 0x7d;
const space = 0x20;

/**
 * Takes the rows out of a JSON-RPC reply as its text arrives, so that a list of any size is never held or parsed as a
 * whole. The function takes the next piece, calls `onRow` with the text of each element of the top-level array `result`
 * that ends in it, verbatim, and returns the piece with the number of elements in the place of all of them: a JSON parser
 * of what is left would take longer for an element, even for a `null`, than the scan takes.
 * The reply is JSON exactly if all that is returned, joined, is JSON and each row is: neither is checked here.
 *
 * `expectedRow` is the text of a JSON object that may come next. A row that starts with it can be nothing else, and to
 * compare it takes a tenth of the time that the scan takes.
 */
export function createRowScan(
  onRow: (text: string) => void,
  expectedRow: () => string | undefined = () => undefined,
): (piece: string) => string {
  let place: 'frame' | 'rows' | 'row' = 'frame';
  let row = '';
  let rows = 0;
  /** What may come next in the array: an element or its end, an element after a comma, a comma or the end. */
  let next: 'first' | 'row' | 'comma' = 'first';
  const value = createValueScan();
  const startsRows = createFrameScan();

  /** What is left of a character between two rows: nothing of a comma where one belongs. */
  const between = (code: number, character: string): string => {
    if (code === comma && next === 'comma') {
      next = 'row';
      return '';
    }
    if (code !== closeBracket) return character;
    place = 'frame';
    return `${rows === 0 ? '' : rows}${next === 'row' ? ',' : ''}]`;
  };

  return (piece) => {
    let frame = '';
    let at = 0;
    while (at < piece.length) {
      if (place === 'row') {
        const expected = row === '' ? expectedRow() : undefined;
        const isExpected = expected !== undefined && piece.slice(at, at + expected.length) === expected;
        const end = isExpected ? at + expected.length : value(piece, at);
        row = isExpected ? expected : row + piece.slice(at, end);
        at = end ?? piece.length;
        if (end === undefined) continue;
        onRow(row);
        rows++;
        next = 'comma';
        place = 'rows';
        continue;
      }
      const code = piece.charCodeAt(at);
      if (place === 'rows' && code > space && code !== comma && code !== closeBracket && code !== closeBrace) {
        // Two elements without a comma are no JSON, and nor is what is left of them.
        if (next === 'comma') frame += '0 ';
        place = 'row';
        row = '';
        continue;
      }
      const character = piece.charAt(at);
      at++;
      if (place === 'rows') {
        frame += between(code, character);
        continue;
      }
      frame += character;
      if (!startsRows(code, character)) continue;
      place = 'rows';
      next = 'first';
      rows = 0;
    }
    return frame;
  };
}

/**
 * Follows JSON values through pieces of text, one after the other: takes a piece and where to go on in it, and returns the
 * index after the value, or `undefined` when the value goes on in the next piece.
 */
function createValueScan(): (piece: string, from: number) => number | undefined {
  let depth = 0;
  let inString = false;
  let escaped = false;
  return (piece, from) => {
    for (let at = from; at < piece.length; at++) {
      if (inString && !escaped) {
        // Most of a row is inside strings: they are passed in one step.
        const end = piece.indexOf('"', at);
        const stop = end < 0 ? piece.length : end;
        const slashes = backslashesBefore(piece, stop, at);
        if (end < 0) {
          escaped = slashes % 2 === 1;
          return undefined;
        }
        at = end;
        if (slashes % 2 === 1) continue;
        inString = false;
        if (depth === 0) return at + 1;
        continue;
      }
      const code = piece.charCodeAt(at);
      if (inString) escaped = false;
      else if (code === quote) inString = true;
      else if (code === openBrace || code === openBracket) depth++;
      else if (code === closeBrace || code === closeBracket) {
        // The list's own bracket ends a number.
        if (depth === 0) return at;
        depth--;
        if (depth === 0) return at + 1;
      } else if (depth === 0 && (code === comma || code <= space)) return at;
    }
    return undefined;
  };
}

/** Follows the reply outside its rows, character by character: `true` for the bracket with which the array `result` opens. */
function createFrameScan(): (code: number, character: string) => boolean {
  let depth = 0;
  let inString = false;
  let escaped = false;
  /** Of the top-level member: its name, and whether it is still to come. */
  let name = '';
  let expectsName = false;
  return (code, character) => {
    if (inString) {
      const ends = code === quote && !escaped;
      escaped = code === backslash && !escaped;
      if (ends) inString = false;
      if (depth === 1 && expectsName) name += ends ? '' : character;
      if (ends && depth === 1) expectsName = false;
    } else if (code === quote) inString = true;
    else if (code === openBracket && depth === 1 && isName(name, 'result')) return true;
    else if (code === openBrace || code === openBracket) depth++;
    else if (code === closeBrace || code === closeBracket) depth--;
    if (!inString && depth === 1 && (code === comma || code === openBrace)) {
      name = '';
      expectsName = true;
    }
    return false;
  };
}

/**
 * The order id in the text of a row: the one top-level member `order_id`, a string or a number. `undefined` when there
 * is none, or more than one, or it is anything else. Of text that is not JSON nothing is promised.
 */
export function rowOrderId(row: string): string | undefined {
  if (row.charCodeAt(0) !== openBrace) return undefined;
  const hasEscapes = row.includes('\\');
  let id: string | undefined;
  let depth = 0;
  let expectsName = false;
  for (let at = 0; at < row.length; at++) {
    const code = row.charCodeAt(at);
    if (code === quote) {
      const end = stringEnd(row, at);
      if (depth === 1 && expectsName) {
        expectsName = false;
        if (hasEscapes ? isName(row.slice(at + 1, end - 1), 'order_id') : row.startsWith('"order_id"', at)) {
          if (id !== undefined) return undefined;
          id = scalarAt(row, row.indexOf(':', end) + 1);
          if (id === undefined) return undefined;
        }
      }
      at = end - 1;
    } else if (code === openBrace || code === openBracket) depth++;
    else if (code === closeBrace || code === closeBracket) depth--;
    if (depth === 1 && (code === comma || code === openBrace)) expectsName = true;
  }
  return id;
}

/** Whether a name in JSON, without its quotes and with whatever escapes, is this one. */
function isName(written: string, name: string): boolean {
  return written === name || (written.includes('\\') && unescaped(`"${written}"`) === name);
}

/** A string or number in JSON, as a text that does not keep the row that it was cut from in memory. */
function scalarAt(row: string, from: number): string | undefined {
  const [token = ''] = /^\s*(?:"(?:[^"\\]|\\.)*"|-?\d[\d.eE+-]*)/.exec(row.slice(from)) ?? [];
  const scalar = token.trim();
  if (scalar === '') return undefined;
  return unescaped(scalar.startsWith('"') ? scalar : `"${scalar}"`);
}

function unescaped(token: string): string | undefined {
  try {
    return String(JSON.parse(token));
  } catch {
    return undefined;
  }
}

/** The index after the closing quote of the string that starts at `start`. */
function stringEnd(text: string, start: number): number {
  let end = text.indexOf('"', start + 1);
  while (end > 0 && backslashesBefore(text, end, start + 1) % 2 === 1) end = text.indexOf('"', end + 1);
  return end < 0 ? text.length : end + 1;
}

/** How many backslashes stand together right before `at`, none of them before `from`. An odd number escapes what follows. */
function backslashesBefore(text: string, at: number, from: number): number {
  let before = at;
  while (before > from && text.charCodeAt(before - 1) === backslash) before--;
  return at - before;
}
