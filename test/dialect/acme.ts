import type { DialectDefinition } from '../../lib/exchange/dialects/definition.ts';
import { jsonRpcErrors } from '../../lib/exchange/dialects/json-rpc-errors.ts';

const document = 'https://docs.acme.example';
const method = 'private/get_open_orders';

/** An exchange that does not exist: the third dialect, which `third-dialect.test.ts` adds to a copy of this repository. */
export const acme = {
  name: 'acme',
  url: 'https://api.acme.example/v9',
  version: 'v9',
  unitsPerMs: 1000,
  methodPrefix: '/',
  auth: 'token',
  errors: { ...jsonRpcErrors, 404: { name: 'no such order', code: 'order_not_found', document } },
  states: { working: 'open', done: 'filled', pulled: 'canceled' },
  limit: { perSecond: 5, burst: 5 },
  retentionMs: 3_600_000,
  fields: ['mark'],
  volatile: ['mark'],
  lists: { openOrders: [{ method, params: {} }], lagMs: 5_000, orderHistory: [], trades: [] },
  sources: {
    url: { document },
    unitsPerMs: { document },
    auth: { document },
    states: { document },
    limit: { document },
    retentionMs: { document },
    fields: { document },
    volatile: { document },
  },
} as const satisfies DialectDefinition;
