import { createClient } from 'order-state-snapshots/client';

const client = createClient({ url: process.env.ORDER_STATE_URL ?? 'http://127.0.0.1:3000' });
const { order, final } = await client.getOrder({ account: 'main', order_id: '39004881276768256' });
console.log(order.instrument_name, order.order_state, final);
