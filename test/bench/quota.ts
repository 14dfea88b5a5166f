import { existsSync, mkdirSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { UsageError } from '../../cdk/ops/command-line.ts';

/** Limits processes to a share of one CPU, as Lambda does with functions below 1769 MB. */
export type CpuQuota = { readonly add: (pid: number) => void; readonly stop: () => void };

const root = '/sys/fs/cgroup';
const periodMicroseconds = 20_000;

/** The share of a CPU that Lambda gives to a function with this much memory. */
export function cpuShare(memoryMb: number): number {
  return Math.min(1, memoryMb / 1769);
}

/** `share`: above 0 and at most 1. Throws `UsageError` where this process may not create cgroups. */
export function createCpuQuota(share: number): CpuQuota {
  const quota = String(Math.round(share * periodMicroseconds));
  const isUnified = existsSync(join(root, 'cgroup.controllers'));
  const folder = join(root, isUnified ? '' : 'cpu', `bench-${process.pid}`);
  try {
    mkdirSync(folder);
    if (isUnified) {
      writeFileSync(join(root, 'cgroup.subtree_control'), '+cpu');
      writeFileSync(join(folder, 'cpu.max'), `${quota} ${periodMicroseconds}`);
    } else {
      writeFileSync(join(folder, 'cpu.cfs_period_us'), String(periodMicroseconds));
      writeFileSync(join(folder, 'cpu.cfs_quota_us'), quota);
    }
  } catch {
    throw new UsageError(
      '--share makes a cgroup with a CPU quota, which takes Linux and the right to do so, as root has',
    );
  }
  return {
    add: (pid) => writeFileSync(join(folder, 'cgroup.procs'), String(pid)),
    stop: () => rmdirSync(folder),
  };
}
