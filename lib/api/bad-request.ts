import { Failure } from '../errors.ts';

/** What is wrong with a parameter, as the rest of a sentence that its name begins. */
export type Complaint = { readonly name: string; readonly message: string };

/** A request that cannot be answered as it is; each sentence names a parameter, and so does the member `parameters`. */
export function badRequest(complaints: readonly Complaint[]): Failure {
  const sentences = complaints.map(({ name, message }) => `Parameter ${JSON.stringify(name.slice(0, 64))} ${message}.`);
  return new Failure('bad_request', [...new Set(sentences)].join(' '), {
    members: { parameters: [...new Set(complaints.map(({ name }) => name.slice(0, 64)))] },
  });
}
