import { createApp } from './order-state-app.ts';
import { StageError } from './stages.ts';

try {
  createApp().synth();
} catch (error) {
  if (!(error instanceof StageError)) throw error;
  // A mistake in the stage table: the sentences are enough, without a stack trace.
  console.error(error.message);
  process.exitCode = 1;
}
