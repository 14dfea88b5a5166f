import { Failure } from '../errors.ts';

/** What a request to the table fails with that was not answered, or not as it should be. */
export function unavailable(cause: unknown): Failure {
  return new Failure('store_unavailable', 'The table of snapshots did not answer.', { cause });
}
