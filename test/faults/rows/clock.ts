import { caseRow, type Expected, type FaultCase, type Row } from '../row.ts';

/** The exchange's clock is ahead of ours, or behind, and the order changes by it. */
const ahead = (seconds: number, code: Expected): FaultCase => ({
  name: `${seconds} s`,
  code,
  apply: ({ stack, exchange, orderId }) => {
    stack.setClock(seconds * 1_000);
    exchange.edit(orderId, { price: String(50_000 + seconds) });
  },
});

export const clockRows: readonly Row[] = [
  caseRow({
    group: 'clock',
    fault: 'the exchange is up to 5 minutes ahead or behind (tokens)',
    accounts: ['orangex'],
    cases: [-300, -61, -1, 1, 61, 300].map((seconds) => ahead(seconds, 'ok')),
  }),
  caseRow({
    group: 'clock',
    fault: 'the exchange is up to 59 s ahead or behind (signatures)',
    accounts: ['deribit'],
    cases: [-59, -1, 1, 59].map((seconds) => ahead(seconds, 'ok')),
  }),
  caseRow({
    group: 'clock',
    fault: 'the exchange is 61 s to 5 minutes ahead or behind (signatures)',
    accounts: ['deribit'],
    cases: [-300, -61, 61, 300].map((seconds) => ahead(seconds, 'key_refused')),
  }),
];
