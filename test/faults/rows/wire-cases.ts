import { caseRow, type Expected, type FaultCase, type Row } from '../row.ts';
import type { WireFault } from '../wire-proxy.ts';

/** Something else happens on the socket. */
export function played(name: string, fault: WireFault, code: Expected): FaultCase {
  return { name, code, apply: ({ stack }) => stack.wire.play(fault) };
}

export const wire = (
  fault: string,
  cases: readonly FaultCase[],
  more: { readonly isSlow?: boolean; readonly limitMs?: number } = {},
): Row => caseRow({ group: 'wire', fault, accounts: ['wire'], cases, ...more });

export const both = (
  fault: string,
  cases: readonly FaultCase[],
  more: { readonly isSlow?: boolean; readonly limitMs?: number } = {},
): Row => caseRow({ group: 'wire', fault, cases, ...more });

export const head = 'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n';
