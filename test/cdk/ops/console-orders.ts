/* What the console's fixture knows: accounts, orders and their histories, in the API's own shapes. */

/** An order's label is what anybody wrote: markup, a script, marks that reverse text. */
export const hostileLabel =
  '<img src=x onerror="globalThis.injected=1"><script>globalThis.injected=1</script>\u202Eevil';

type Fields = Readonly<Record<string, string | number>>;
export type ConsoleOrder = {
  readonly id: string;
  readonly status: string;
  readonly fields: Fields;
  readonly age: number;
};

export function accountsOf(iso: (ago: number) => string) {
  const closed = { state: 'closed' };
  const list = { state: 'trusted', listed_at: iso(4_000), age_seconds: 4, orders: 58 };
  return [
    {
      account: 'main',
      dialect: 'orangex',
      list,
      orders: { open: 58, covered: 57, missing: 1, unknown: 1, inconsistent: 0 },
      swept_at: iso(3_000),
      rate_limit: { used: 0.18 },
      circuit_breaker: closed,
      over_capacity: false,
    },
    {
      account: 'hedge',
      dialect: 'deribit',
      list: { ...list, orders: 312, listed_at: iso(7_000), age_seconds: 7 },
      orders: { open: 312, covered: 312, missing: 0, unknown: 0, inconsistent: 0 },
      rate_limit: { used: 0.42 },
      circuit_breaker: closed,
      over_capacity: false,
    },
    {
      account: 'options',
      dialect: 'deribit',
      list: {
        state: 'untrusted',
        listed_at: iso(260_000),
        age_seconds: 260,
        orders: 0,
        reason: 'contradicted',
        since: iso(250_000),
        next_at: iso(-60_000),
      },
      orders: { open: 41, covered: 0, missing: 0, unknown: 0, inconsistent: 0 },
      rate_limit: { used: 0.87 },
      circuit_breaker: { state: 'open', reason: 'maintenance', since: iso(95_000) },
      over_capacity: false,
    },
    {
      account: 'archive',
      dialect: 'orangex',
      list: { state: 'never' },
      rate_limit: { used: 0 },
      pause: { by: 'arn:aws:iam::123456789012:user/ops', at: iso(3_600_000) },
      circuit_breaker: closed,
      over_capacity: false,
    },
  ];
}

/** One of each status, and enough of them for a second page. */
export function ordersOf(): readonly ConsoleOrder[] {
  const at = (
    instrument: string,
    direction: string,
    type: string,
    price: string,
    filled: string,
    amount: string,
  ): Fields => ({
    order_state: 'open',
    instrument_name: instrument,
    direction,
    order_type: type,
    price,
    filled_amount: filled,
    amount,
  });
  const named: readonly ConsoleOrder[] = [
    {
      id: '39100000000131073',
      status: 'watched',
      age: 3,
      fields: at('BTC-PERPETUAL', 'buy', 'limit', '64250.50', '2', '3'),
    },
    {
      id: '39100000000196609',
      status: 'missing',
      age: 41,
      fields: at('ETH-PERPETUAL', 'sell', 'limit', '3120.10', '0', '10'),
    },
    {
      id: '39100000000200001',
      status: 'unknown',
      age: 12,
      fields: { ...at('ETH-PERPETUAL', 'buy', 'limit', '2998.05', '0', '0.70'), order_state: 'suspended' },
    },
    {
      id: '39100000000262145',
      status: 'final',
      age: 310,
      fields: { ...at('XRP-PERPETUAL', 'sell', 'limit', '1.10', '250', '250'), order_state: 'filled' },
    },
    {
      id: '39100000000262209',
      status: 'final',
      age: 690,
      fields: { ...at('BTC-PERPETUAL', 'sell', 'limit', '64900.00', '0', '1'), order_state: 'canceled' },
    },
  ];
  const instruments = ['BTC-PERPETUAL', 'ETH-PERPETUAL', 'SOL-PERPETUAL', 'XRP-PERPETUAL', 'BTC-25DEC26-70000-C'];
  const more = Array.from({ length: 56 }, (_, i): ConsoleOrder => {
    const instrument = instruments[i % instruments.length] ?? '';
    const amount = 1 + (i % 7);
    const fields = at(
      instrument,
      i % 3 === 0 ? 'sell' : 'buy',
      i % 9 === 4 ? 'stop_limit' : 'limit',
      `${(4000 + i * 37.25).toFixed(2)}`,
      ((amount * (i % 4)) / 4).toFixed(2),
      amount.toFixed(2),
    );
    return {
      id: `391000000003${String(i).padStart(5, '0')}`,
      status: 'watched',
      age: 2 + (i % 6),
      fields: i % 9 === 4 ? { ...fields, order_state: 'untriggered', filled_amount: '0' } : fields,
    };
  });
  return [...named, ...more];
}

type State = { readonly at: number; readonly late: number; readonly fields: Fields; readonly by: string };

/** Newest first: placed, filled in three parts, one of them observed late. */
export function historyOf({ id, status, fields }: ConsoleOrder, now: number) {
  const amount = String(fields['amount']);
  const part = (share: number) => (Number(amount) * share).toFixed(2);
  const last = status === 'final' ? 'filled' : String(fields['order_state']);
  const states: readonly State[] = [
    { at: 600_000, late: 450, fields: { order_state: 'open', filled_amount: '0' }, by: 'list' },
    {
      at: 470_000,
      late: 3_200,
      fields: { order_state: 'open', filled_amount: part(0.2), average_price: '64250.50' },
      by: 'check-open-orders',
    },
    {
      at: 330_000,
      late: 118_000,
      fields: { order_state: 'open', filled_amount: part(0.5), average_price: '64250.25' },
      by: 'check-open-orders',
    },
    {
      at: 120_000,
      late: 2_100,
      fields: {
        order_state: last,
        filled_amount: status === 'final' ? amount : part(2 / 3),
        average_price: '64250.20',
      },
      by: 'list',
    },
  ];
  return states.map((state, index) => snapshotOf(id, fields, state, states[index - 1], index, now)).toReversed();
}

function snapshotOf(id: string, fields: Fields, state: State, before: State | undefined, index: number, now: number) {
  const updated = now - state.at;
  const observed = new Date(updated + state.late).toISOString();
  const digest = String(index).repeat(32);
  const changes =
    before === undefined
      ? []
      : [
          { field: 'last_update_timestamp', from: now - before.at, to: updated },
          ...Object.entries(state.fields)
            .filter(([name, to]) => before.fields[name] !== to)
            .map(([field, to]) => ({ field, from: before.fields[field], to })),
          ...(index === 2 ? [{ field: 'details.label', from: 'desk-7', to: hostileLabel }] : []),
        ];
  return {
    rank: `${updated}.${String(index).padStart(10, '0')}.0.${'0'.repeat(18)}.${'0'.repeat(18)}.${digest}`,
    digest,
    order: {
      ...fields,
      ...state.fields,
      order_id: id,
      time_in_force: 'good_til_cancelled',
      last_update_timestamp: updated,
      creation_timestamp: now - 600_000,
      details: { label: index < 2 ? 'desk-7' : hostileLabel, fee: '7.10-exact' },
    },
    final: state.fields['order_state'] === 'filled',
    requested_at: new Date(updated + state.late - 80).toISOString(),
    first_observed_at: observed,
    exchange_time: observed,
    request_id: `JKJaXmPLvHcES${index}A=`,
    observed_by: state.by,
    key_version: '0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0',
    changes,
  };
}

type Snapshots = ReturnType<typeof historyOf>;

export function asOf(history: Snapshots, query: URLSearchParams, entries: readonly { readonly at: string }[]) {
  const believed = query.get('believed_at');
  const at = query.get('at');
  if (believed !== null) {
    const found = history.filter(({ first_observed_at: observed }) => observed <= believed).slice(0, 1);
    return { snapshots: found, audit_entries: entries.filter((entry) => entry.at <= believed) };
  }
  if (at === null) return { snapshots: history };
  return { snapshots: history.filter(({ order }) => order.last_update_timestamp <= Date.parse(at)).slice(0, 1) };
}

/** Newest first. */
export function entriesOf({ status }: ConsoleOrder, iso: (ago: number) => string, stopped: boolean) {
  const operator = 'arn:aws:sts::123456789012:assumed-role/desk/anna';
  const started = { kind: 'watch_started', at: iso(599_000), request_id: 'JKJaXmPLvHcES9A=', by: operator };
  const missed = [
    {
      kind: 'history_lookup',
      at: iso(39_000),
      request_id: 'JKJaXmPLvHcES8A=',
      observed_by: 'check-open-orders',
      attempts: [{ source: 'recent', outcome: 'not_found', rows: 120 }],
    },
    { kind: 'not_found', at: iso(40_000), request_id: 'JKJaXmPLvHcES8A=', observed_by: 'check-open-orders' },
  ];
  return [
    ...(stopped ? [{ kind: 'watch_stopped', at: iso(1_000), request_id: 'JKJaXmPLvHcES7A=', by: operator }] : []),
    ...(status === 'missing' ? missed : []),
    // The account's own list put this one on watch.
    ...(status === 'unconfirmed' ? [] : [started]),
  ];
}
