import { Failure } from '../../lib/errors.ts';
import { dialects } from '../../lib/exchange/dialects/index.ts';
import { readStoredKey, type StoredKey } from '../../lib/exchange/stored-key.ts';
import { type ClockOffset, type ExchangeAddress, type KeyTrial, tryKey } from './check-key.ts';
import { addExamples, addNotes, createCommand } from './command-line.ts';
import type { Context } from './context.ts';
import { createKeyCommand, exchangeAccount, exchangeOf } from './exchange-account.ts';

export function keysCommand(context: Context) {
  const command = createCommand('keys').description("Checks an account's exchange key, and tries a new one.");
  command.addCommand(checkCommand(context)).addCommand(rehearseCommand(context));
  return command;
}

const notes = `It calls the exchange twice, for a token and for an order that cannot exist, and changes nothing there or in the
secret. The clock is this machine's. Exit codes: 0 the key works, 1 it does not, 2 wrong options.`;

function checkCommand(context: Context) {
  const command = createKeyCommand('check')
    .description('Tries the current key: its environment, the clock, its permissions, and whether it may read orders.')
    .action(async (_name, { json, ...options }, { args }) => {
      const account = await exchangeAccount(args, options);
      const { secrets, secretName } = account;
      const stored = await readStoredKey(secrets, secretName, 'AWSCURRENT', AbortSignal.timeout(10_000));
      print(context, await findingsOf(stored, exchangeOf(account), context), json);
    });
  addExamples(command, ['main --stage prod']);
  addNotes(command, notes);
  return command;
}

function rehearseCommand(context: Context) {
  const command = createKeyCommand('rehearse')
    .description('Tries the pending key as check tries the current one, and prints the command that promotes it.')
    .action(async (_name, { json, ...options }, { args }) => {
      const account = await exchangeAccount(args, options);
      const { name, target, secrets, secretName } = account;
      const read = (label: 'AWSCURRENT' | 'AWSPENDING') =>
        readStoredKey(secrets, secretName, label, AbortSignal.timeout(10_000));
      const current = await read('AWSCURRENT');
      const pending = await read('AWSPENDING').catch((failure: Failure) => {
        if (failure.code === 'secret_empty') return undefined;
        throw failure;
      });
      if (pending === undefined || pending.version === current.version)
        throw new Error(`${secretName} has no pending version: store one with account add ${name} --pending`);
      const findings = await findingsOf(pending, exchangeOf(account), context);
      print(context, findings, json);
      if (json || findings.some(({ level }) => level === 'FAILED')) return;
      const region = target.region === undefined ? '' : ` --region ${target.region}`;
      context.terminal.out(
        `Nothing was changed. To promote it:\naws secretsmanager update-secret-version-stage --secret-id ${secretName} ` +
          `--version-stage AWSCURRENT --move-to-version-id ${pending.version} ` +
          `--remove-from-version-id ${current.version}${region}\n`,
      );
    });
  addExamples(command, ['main --stage prod']);
  addNotes(command, notes);
  return command;
}

type Finding = { readonly level: 'ok' | 'WARNING' | 'FAILED'; readonly what: string; readonly line: string };

function print({ terminal, fail }: Context, findings: readonly Finding[], json: true | undefined): void {
  if (json) terminal.out(`${JSON.stringify(findings)}\n`);
  else for (const { level, what, line } of findings) terminal.out(`${level.padEnd(7)}  ${what}: ${line}\n`);
  if (findings.some(({ level }) => level === 'FAILED')) fail();
}

async function findingsOf(
  { version, writtenAt, key }: StoredKey,
  exchange: ExchangeAddress,
  { clock }: Context,
): Promise<readonly Finding[]> {
  const written = `version ${version}, written ${new Date(writtenAt).toISOString()}`;
  if (key instanceof Failure)
    return [{ level: 'FAILED', what: 'key', line: `${written}: ${key.code}. ${key.message}` }];
  return [{ level: 'ok', what: 'key', line: written }, ...trialFindings(await tryKey(key, exchange, clock), exchange)];
}

function trialFindings({ grant, failure }: KeyTrial, { url, dialect }: ExchangeAddress): readonly Finding[] {
  const production = url === dialects[dialect].url ? 'the production exchange' : 'not the production exchange';
  const environment = `${url}, ${production} of ${dialect}`;
  if (grant === undefined)
    return [{ level: 'FAILED', what: 'environment', line: `${environment}: ${failureLine(failure)}` }];
  return [
    { level: 'ok', what: 'environment', line: `${environment}, accepts the key` },
    clockFinding(grant.clock),
    grant.mayWrite
      ? {
          level: 'WARNING',
          what: 'scope',
          line: `${grant.scope}: THE KEY MAY DO MORE THAN READ. Anyone who gets hold of it can act on the account: replace it with a read-only key`,
        }
      : { level: 'ok', what: 'scope', line: grant.scope },
    failure === undefined
      ? { level: 'ok', what: 'orders', line: 'the key may read them' }
      : { level: 'FAILED', what: 'orders', line: failureLine(failure) },
  ];
}

function failureLine(failure: Failure | undefined): string {
  return failure === undefined ? '' : `${failure.code}. ${failure.message}`;
}

/** Both exchanges refuse signatures that are older or newer than this, milliseconds. */
const maxOffsetMs = 60_000;

function clockFinding(offset: ClockOffset | undefined): Finding {
  const what = 'clock';
  if (offset === undefined)
    return { level: 'WARNING', what, line: "the exchange named no time within hours of this machine's" };
  const { aheadMs, uncertaintyMs } = offset;
  const seconds = (ms: number) => (Math.abs(ms) / 1_000).toFixed(2);
  if (Math.abs(aheadMs) < 1_000) {
    return {
      level: 'ok',
      what,
      line: `agrees with the exchange's within ${seconds(Math.abs(aheadMs) + uncertaintyMs)} s`,
    };
  }
  const line = `${seconds(aheadMs)} s ${aheadMs < 0 ? 'behind' : 'ahead of'} the exchange's, give or take ${seconds(uncertaintyMs)} s`;
  const off = Math.abs(aheadMs) - uncertaintyMs;
  if (off > maxOffsetMs) return { level: 'FAILED', what, line: `${line}: signatures more than 60 s off are refused` };
  return { level: off > maxOffsetMs / 10 ? 'WARNING' : 'ok', what, line };
}
