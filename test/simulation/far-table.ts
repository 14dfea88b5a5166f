import type { AccountTable } from '../../lib/accounts/table.ts';
import { Failure } from '../../lib/errors.ts';
import type { SnapshotTable } from '../../lib/snapshots/table.ts';
import type { Process } from './process.ts';
import type { Random } from './random.ts';

type FarDeps = {
  readonly process: Process;
  readonly random: Random;
  /** How often a request goes wrong. */
  readonly faultRate: number;
  /** Called with the name of every request that was sent. */
  readonly onRequest: (name: string) => void;
};

type Send = <Args extends readonly unknown[], Result>(
  name: string,
  request: (...args: Args) => Promise<Result>,
) => (...args: Args) => Promise<Result>;

/** How long the SDK goes on before it gives up, milliseconds. */
const givingUpMs = 1_500;

/** A request to the table: lost on the way, or applied and its response lost, or sent twice by the SDK. */
function sender({ process, random, faultRate, onRequest }: FarDeps): Send {
  return (name, request) =>
    (...args) => {
      onRequest(name);
      const faultCase = random.chance(faultRate) ? random.pick(['lost', 'response lost', 'sent twice']) : undefined;
      const serve = async () => {
        if (faultCase === 'lost') throw unavailable();
        const response = await request(...args);
        if (faultCase === 'response lost') throw unavailable();
        return faultCase === 'sent twice' ? request(...args) : response;
      };
      const backMs = random.whole(1, 6);
      return process.request(random.whole(1, 6), serve, (response) =>
        response === undefined && faultCase ? givingUpMs : backMs,
      );
    };
}

function unavailable(): Failure {
  return new Failure('store_unavailable', 'The table did not respond.');
}

/** The snapshot table as one process reaches it. */
export function farSnapshotTable(table: SnapshotTable, deps: FarDeps): SnapshotTable {
  const send = sender(deps);
  return {
    readCurrent: send('readCurrent', table.readCurrent),
    newestSnapshot: send('newestSnapshot', table.newestSnapshot),
    putSnapshot: send('putSnapshot', table.putSnapshot),
    // History is kept for ever here: nothing is sent.
    supersedeBefore: table.supersedeBefore,
    putHead: send('putHead', table.putHead),
    putWatch: send('putWatch', table.putWatch),
    putNotFound: send('putNotFound', table.putNotFound),
    putHistoryLookup: send('putHistoryLookup', table.putHistoryLookup),
    list: send('list', table.list),
  };
}

/** The accounts' items as one process reaches them. */
export function farAccountTable(table: AccountTable, deps: FarDeps): AccountTable {
  const send = sender(deps);
  return {
    readAccount: send('readAccount', table.readAccount),
    advanceTat: send('advanceTat', table.advanceTat),
    raiseTat: send('raiseTat', table.raiseTat),
    takeLease: send('takeLease', table.takeLease),
    renewLease: send('renewLease', table.renewLease),
    requestHandover: send('requestHandover', table.requestHandover),
    releaseLease: send('releaseLease', table.releaseLease),
    setPause: send('setPause', table.setPause),
  };
}
