const { createApp } = require('order-state-snapshots/app');
const { createClient } = require('order-state-snapshots/client');
const { resolveStage } = require('order-state-snapshots/stages');

const client = createClient({ url: process.env.ORDER_STATE_URL ?? 'http://127.0.0.1:3000' });
client.getOrder({ account: 'main', order_id: '39004881276768256' }).then(({ order }) => {
  console.log(typeof createApp, typeof resolveStage, order.order_state);
});
