import { Failure } from '../errors.ts';

/** What is wrong with a parameter; `message` continues a sentence that begins with its name. */
type ParameterIssue = { readonly name: string; readonly message: string };

/** A malformed request: each sentence names a parameter, and the member `parameters` lists them. */
export function badRequest(issues: readonly ParameterIssue[]): Failure {
  const sentences = issues.map(({ name, message }) => `Parameter ${JSON.stringify(name.slice(0, 64))} ${message}.`);
  return new Failure('bad_request', [...new Set(sentences)].join(' '), {
    members: { parameters: [...new Set(issues.map(({ name }) => name.slice(0, 64)))] },
  });
}
