import { createRequire } from 'node:module';
import { dirname } from 'node:path';

/** The folder of package.json: also when this runs compiled, from the package that another project installed. */
export const packageRoot = dirname(createRequire(import.meta.url).resolve('order-state-snapshots/package.json'));
