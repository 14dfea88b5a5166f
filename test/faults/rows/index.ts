import type { Row } from '../row.ts';
import { wireRows } from './wire.ts';

export const allRows: readonly Row[] = [...wireRows];
