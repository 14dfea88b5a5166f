import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, test } from 'vitest';
import { isJsonObject, parseJson } from '../../../lib/exchange/json.ts';
import { createListReader } from '../../../lib/exchange/open-orders.ts';
import { createKnownRows, type KnownRows } from '../../../lib/sweep/known-rows.ts';
import { writeOrder } from '../../emulator/exchange/wire.ts';

/** One account's list of open orders, as a socket delivers it. */
const count = 10_000;
const pieceLength = 64 * 1024;

/** Every hundredth order is filled in part, from the one at `filled` on: one in each piece, roughly. */
function listBytes(filled?: number): Buffer {
  const order = {
    account: 'main',
    order_state: 'open',
    instrument_name: 'BTC-PERPETUAL',
    direction: 'buy',
    order_type: 'limit',
    time_in_force: 'good_til_cancelled',
    price: '50000.5',
    amount: '10',
    filled_amount: '0',
    average_price: '0',
    advanced: undefined,
    version: undefined,
    creation_timestamp: 1_700_000_000_000,
    last_update_timestamp: 1_700_000_000_000,
    details: { label: 'maker \\"7\\"' },
    bare: false,
    raw: undefined,
  };
  const rows = Array.from({ length: count }, (_, i) =>
    writeOrder('deribit', {
      ...order,
      order_id: `BTC_USDC-${13_133_482 + i}`,
      filled_amount: i % 100 === filled ? '1' : '0',
    }),
  );
  return Buffer.from(`{"jsonrpc":"2.0","id":1,"result":[${rows.join(',')}],"usIn":1700000000000000}`);
}

/** Reads the list once. Pieces are made anew, as a decoder makes them, so that nothing is shared with the text. */
function read(bytes: Buffer, known: KnownRows) {
  const { stream, read: readList } = createListReader(known.follow(() => true));
  let reply = '';
  for (let at = 0; at < bytes.length; at += pieceLength) {
    reply += stream?.take(bytes.subarray(at, at + pieceLength).toString('utf8'));
  }
  const frame = parseJson(reply);
  const result = isJsonObject(frame) ? (frame['result'] ?? null) : null;
  return readList({ result, resultText: '', exchangeTime: undefined });
}

/** The least of several rounds: other processes can only add. */
function microsecondsPerRow(work: () => unknown): number {
  const rounds = Array.from({ length: 3 }, () => {
    const before = process.cpuUsage();
    work();
    const { user, system } = process.cpuUsage(before);
    return (user + system) / count;
  });
  return Math.min(...rounds);
}

/** Reads a list, and remembers its changed rows as recorded. */
function record(bytes: Buffer, known: KnownRows): void {
  for (const { orderId = '', text } of read(bytes, known).changed) known.set({ orderId, text, rank: undefined });
}

test('an unchanged row of a list keeps its text and a few hundred bytes of its order in memory, and its CPU time is printed', () => {
  setFlagsFromString('--expose-gc');
  const collect: () => void = runInNewContext('gc');
  const bytes = listBytes();
  const bytesPerRow = bytes.length / count;

  collect();
  const before = process.memoryUsage().heapUsed;
  const known = createKnownRows();
  record(bytes, known);
  // Rows that change keep nothing of the lists that they came in.
  for (let filled = 0; filled < 5; filled++) record(listBytes(filled), known);
  record(bytes, known);
  collect();
  const bytesPerOrder = (process.memoryUsage().heapUsed - before) / count;

  const unchanged = microsecondsPerRow(() => expect(read(bytes, known).changed).toHaveLength(0));
  const parsed = microsecondsPerRow(() => JSON.parse(bytes.toString('utf8')));

  console.log(
    `${count} rows of ${Math.round(bytesPerRow)} bytes: ${unchanged.toFixed(1)} µs of CPU a row that did not change ` +
      `(JSON.parse of it: ${parsed.toFixed(1)} µs), ${Math.round(bytesPerOrder)} bytes kept of an order`,
  );
  // The CPU is printed and not held: coverage and a busy machine multiply it.
  expect(bytesPerOrder).toBeLessThan(bytesPerRow + 300);
});
