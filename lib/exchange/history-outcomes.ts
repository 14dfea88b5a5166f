/**
 * What one of the exchange's histories said about an order. `found`: its row, whose state decides what it proves.
 * `fills`: its trades, which prove no end. `not_found`: read to the end. `not_exhausted`: longer than we read. `failed`: no
 * reply.
 */
export const historyOutcomes = ['found', 'fills', 'not_found', 'not_exhausted', 'failed'] as const;
export type HistoryOutcome = (typeof historyOutcomes)[number];
