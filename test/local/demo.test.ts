import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { killLaunched, start } from './launch.ts';

afterEach(killLaunched);

const told = (instrument: string, what: string) =>
  new RegExp(`\\n {2}\\d\\d:\\d\\d:\\d\\d +\\d+\\.\\d s {2}(39\\d{15}) {2}${instrument} +${what}\\n`);

test('shows within half a minute what happens to orders, and leaves in an instant', { timeout: 60_000 }, async () => {
  const run = await start(['--every', '3']);
  expect(run.shown()).toMatch(/\n {2}Checks +every 3 s +rate\(1 minute\) on AWS\n/);
  expect(run.shown()).toMatch(/\n {2}Watch +curl -X PUT http:\S+\/accounts\/main\/orders\/39004881276768256\/watch\n/);
  await Promise.all([
    run.showing(told('-', 'put on watch by hand')),
    run.showing(told('BTC-PERPETUAL', 'open: buy 3 at 64250.50')),
    run.showing(told('BTC-PERPETUAL', 'filled 0 → 1/3 at 64250.50')),
    run.showing(told('XRP-PERPETUAL', 'open → canceled 0/250')),
    run.showing(told('ETH-PERPETUAL', 'MISSING, last seen \\d+\\.\\d s before; watched on')),
    run.showing(told('ETH-PERPETUAL', 'found again')),
    run.showing(told('BTC-PERPETUAL', 'open → triggered, and made an order of its own')),
    run.showing(told('ETH-PERPETUAL', 'UNKNOWN STATE, watched on')),
  ]);
  // Nothing but whole lines of one shape; what the functions log is in the file.
  const [, lines = ''] = run.shown().split('What changed\n');
  for (const line of lines.trimEnd().split('\n')) {
    expect(line).toMatch(/^ {2}\d\d:\d\d:\d\d {2}.{8} {2}\d{17} {2}[A-Z0-9-]+ +\S.*$/);
  }
  const log = readFileSync(join(run.folder, 'functions.log'), 'utf8');
  expect(log).toContain('"message":"ticked"');

  const [, orderId = ''] = told('PEPE-PERPETUAL', 'open: .*').exec(run.shown()) ?? [];
  expect(await run.ask(run.url.replace(/\d+$/, orderId))).toMatchObject({
    body: expect.toSatisfy((body) => JSON.stringify(body).includes('"price":"0.000000010"')),
  });
  const stopping = performance.now();
  expect(await run.stop('SIGINT')).toEqual({ code: 0, errors: '' });
  expect(performance.now() - stopping).toBeLessThan(2000);
});
