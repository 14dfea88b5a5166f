import type { Stage } from '../../lib/stage/stage.ts';
import { UsageError } from './command-line.ts';

/**
 * The accounts of a stage of the stage table. A stage of another project is not in it: then `undefined`, or, when the
 * command needs them, a `UsageError` that names the options that say the same.
 */
export async function stageAccounts(
  stage: string,
  instead: string | undefined,
): Promise<Stage['accounts'] | undefined> {
  // Loaded here, because the stage table needs the CDK.
  const { stageNamed, StageError } = await import('../stages.ts');
  try {
    return stageNamed(stage).runtime.accounts;
  } catch (error) {
    if (!(error instanceof StageError)) throw error;
    if (instead === undefined) return undefined;
    throw new UsageError(`${error.message.replace(/\.$/, '')}; for a stage of your own project, give ${instead}`);
  }
}
