import { Failure } from '../../lib/errors.ts';
import { Refusal } from './options.ts';

/** Whether it is the command line that is wrong. */
export function isWrongUse(error: unknown): boolean {
  const isOfParser = error instanceof TypeError && 'code' in error && String(error.code).startsWith('ERR_PARSE_ARGS');
  return error instanceof Refusal || isOfParser;
}

/** What an operator does about what the SDK could not do, by the name or code of its error. */
const remedies: Readonly<Record<string, string>> = {
  CredentialsProviderError: 'No AWS credentials were found: sign in (aws sso login), or set AWS_PROFILE.',
  ExpiredToken: 'The AWS credentials have expired: sign in again.',
  ExpiredTokenException: 'The AWS credentials have expired: sign in again.',
  UnrecognizedClientException: 'AWS does not know these credentials: look at AWS_PROFILE, and sign in again.',
};

/** What went wrong in one line, and what to do where we know it. */
export function lineOf(error: unknown): string {
  const root = rootOf(error);
  const known = remedies[root.name];
  if (known !== undefined) return known;
  if (root.message === 'Region is missing') return 'The AWS region is not known: give --region, or set AWS_REGION.';
  if ('code' in root && root.code === 'ECONNREFUSED') {
    const where = 'address' in root && 'port' in root ? `${root.address}:${root.port}` : 'the endpoint';
    return `Nobody answers at ${where}: is this the address that npm start shows, and does it still run?`;
  }
  const stderr = error instanceof Error ? firstSentence(error) : String(error);
  return error instanceof Failure && root !== error ? `${stderr} (${firstSentence(root)})` : stderr;
}

function rootOf(error: unknown): Error {
  if (!(error instanceof Error)) return new Error(String(error));
  return error.cause instanceof Error ? rootOf(error.cause) : error;
}

/** The parser of options goes on to explain what nobody asked. */
function firstSentence({ message }: Error): string {
  const [line = ''] = message.split('\n');
  return line.replace(/\. To specify a positional argument.*$/, '');
}
