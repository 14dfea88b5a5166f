import type { CustomFault, Fault } from '../emulator/exchange/faults.ts';
import { seedId } from '../emulator/exchange/seed-order.ts';

/** No words, and a character of every kind that some encoding changes. */
export const key = { clientId: 'canary-id', clientSecret: 'Cz9+Kq4/Vw=x%41Jm&"Rt"\\7d19~Bq2Lf' };

/** Quotes, in every place of a reply, what the request proved itself with. */
function echoes(place: (secret: string, id: string) => ReturnType<CustomFault>): CustomFault {
  return ({ headers, body }) => {
    const [, id = '0'] = /"id":(\d+)/.exec(body) ?? [];
    return place(`${key.clientSecret} ${headers.authorization} ${body}`, id);
  };
}

const rpc = (members: Readonly<Record<string, unknown>>) => JSON.stringify({ jsonrpc: '2.0', ...members });

/** What a header can hold. */
const plain = (text: string) => encodeURIComponent(text);

const order = {
  order_id: seedId,
  order_state: 'open',
  instrument_name: 'x',
  price: '1',
  time_in_force: 'x',
  direction: 'buy',
  order_type: 'limit',
  creation_timestamp: 1_597_129_894_025,
  last_update_timestamp: 1_597_129_894_025,
};

export const quoting: readonly (readonly [string, Fault])[] = [
  [
    'the message of an error',
    echoes((secret, id) => ({ body: rpc({ id: Number(id), error: { code: 10_040, message: secret } }) })),
  ],
  [
    'the message of an unknown error',
    echoes((secret, id) => ({ body: rpc({ id: Number(id), error: { code: 4_242, message: secret } }) })),
  ],
  [
    'the data of an error',
    echoes((secret) => ({ body: rpc({ error: { code: 13_004, message: 'x', data: { reason: secret } } }) })),
  ],
  ['the code of an error', echoes((secret, id) => ({ body: rpc({ id: Number(id), error: { code: secret } }) }))],
  [
    'the wait of an error',
    echoes((secret, id) => ({
      body: rpc({ id: Number(id), error: { code: 10_028, data: { wait: `${secret}` } } }),
      status: 429,
      headers: { 'retry-after': '60' },
    })),
  ],
  ['the id', echoes((secret) => ({ body: rpc({ id: secret, result: order }) }))],
  [
    'the version of JSON-RPC',
    echoes((secret, id) => ({ body: JSON.stringify({ jsonrpc: secret, id: Number(id), result: order }) })),
  ],
  ['a page', echoes((secret) => ({ status: 500, body: `<h1>${secret}</h1>` }))],
  ['a page that claims to be fine', echoes((secret) => ({ body: secret }))],
  ['a truncated reply', echoes((secret) => ({ body: `{"jsonrpc":"2.0","result":${JSON.stringify(secret)}` }))],
  ['a key given twice', echoes((secret) => ({ body: `{${JSON.stringify(secret)}:1,${JSON.stringify(secret)}:2}` }))],
  ['a list', echoes((secret) => ({ body: JSON.stringify([secret]) }))],
  [
    'the place of a redirect',
    echoes((secret) => ({ status: 302, headers: { location: `https://${plain(secret)}/` }, body: '' })),
  ],
  ['the encoding', echoes((secret) => ({ headers: { 'content-encoding': plain(secret) }, body: 'x' }))],
  ['the time to wait', echoes((secret) => ({ status: 503, headers: { 'retry-after': plain(secret) }, body: secret }))],
  ['a custom header', echoes((secret) => ({ status: 503, headers: { 'x-echo': plain(secret) }, body: '' }))],
  [
    'the order’s id',
    echoes((secret, id) => ({ body: rpc({ id: Number(id), result: { ...order, order_id: secret } }) })),
  ],
  [
    'the order’s amount',
    echoes((secret, id) => ({ body: rpc({ id: Number(id), result: { ...order, amount: secret } }) })),
  ],
  [
    'the order’s time',
    echoes((secret, id) => ({ body: rpc({ id: Number(id), result: { ...order, last_update_timestamp: secret } }) })),
  ],
  [
    'the order’s version',
    echoes((secret, id) => ({ body: rpc({ id: Number(id), result: { ...order, version: secret } }) })),
  ],
  [
    'the order’s state, which is no text',
    echoes((secret, id) => ({ body: rpc({ id: Number(id), result: { ...order, order_state: [secret] } }) })),
  ],
  ['a result that is not an order', echoes((secret, id) => ({ body: rpc({ id: Number(id), result: secret }) }))],
  [
    'a token that none can be',
    echoes((secret, id) => ({ body: rpc({ id: Number(id), result: { access_token: `${secret} \u0000` } }) })),
  ],
];
