import { afterEach, beforeEach, expect, it } from 'vitest';
import { checkedOrder } from '../../../lib/api/presenters.ts';
import { getOrder } from '../../../lib/api/routes.ts';
import { systemClock } from '../../../lib/clock.ts';
import { dialectNames } from '../../../lib/exchange/dialects/index.ts';
import { responseBody } from '../../../lib/http/response.ts';
import { rehearseCheck } from '../../../lib/wiring/rehearsal.ts';
import { type CapturedOutput, captureOutput } from '../captured-output.ts';

let output: CapturedOutput;
beforeEach(() => {
  output = captureOutput();
});
afterEach(() => output.release());

it.each(dialectNames)(
  'the rehearsal of an order of %s goes from new to unchanged, and both can be presented',
  async (name) => {
    const checked = await rehearseCheck(name, systemClock);
    expect(checked.map(({ source, changed }) => ({ source, changed }))).toEqual([
      { source: 'exchange', changed: true },
      { source: 'exchange', changed: false },
    ]);
    for (const each of checked) {
      expect(each).toMatchObject({ order: { order_id: '1', price: '0.5', amount: '10', details: { api: true } } });
      expect(JSON.parse(responseBody(getOrder, checkedOrder(each)))).toMatchObject({ order: { order_state: 'open' } });
    }
    expect(output.text()).toBe('');
  },
);
