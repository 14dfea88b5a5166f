import type { Row } from '../row.ts';
import { awsRows } from './aws.ts';
import { clockRows } from './clock.ts';
import { listRows } from './lists.ts';
import { meaningRows } from './meaning.ts';
import { sweepRows } from './sweeps.ts';
import { wireRows } from './wire.ts';

export const allRows: readonly Row[] = [
  ...wireRows,
  ...meaningRows,
  ...clockRows,
  ...awsRows,
  ...sweepRows,
  ...listRows,
];
