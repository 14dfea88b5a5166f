import type { Stage } from './stage.ts';

/** Written into each bundle when it is made (esbuild `define`): no environment limit, no drift from the template. */
declare const COMPILED_STAGE: Stage;

/** The stage that this bundle was made for. */
export const stage: Stage = COMPILED_STAGE;
