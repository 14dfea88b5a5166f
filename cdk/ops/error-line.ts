import { Failure } from '../../lib/errors.ts';

/** What an operator does about an error of the SDK, by its name. */
const remedies: Readonly<Record<string, string>> = {
  CredentialsProviderError: 'No AWS credentials were found: sign in (aws sso login), or set AWS_PROFILE.',
  ExpiredToken: 'The AWS credentials have expired: sign in again.',
  ExpiredTokenException: 'The AWS credentials have expired: sign in again.',
  UnrecognizedClientException: 'AWS does not recognize these credentials: check AWS_PROFILE, and sign in again.',
  UnknownOperationException:
    'An AWS service that this command needs is not at this endpoint: it needs a real AWS account, without --endpoint.',
};

/** What went wrong in one line, and what to do where we know it. */
export function errorLine(error: unknown): string {
  const root = rootOf(error);
  const known = remedies[root.name];
  if (known !== undefined) return known;
  if (root.message === 'Region is missing') return 'The AWS region is not known: give --region, or set AWS_REGION.';
  if ('code' in root && root.code === 'ECONNREFUSED') {
    const where = 'address' in root && 'port' in root ? `${root.address}:${root.port}` : 'the endpoint';
    return `No response from ${where}: is it the address that npm start shows, and is it still running?`;
  }
  const line = error instanceof Error ? firstLine(error) : String(error);
  return error instanceof Failure && root !== error ? `${line} (${firstLine(root)})` : line;
}

function rootOf(error: unknown): Error {
  if (!(error instanceof Error)) return new Error(String(error));
  return error.cause instanceof Error ? rootOf(error.cause) : error;
}

function firstLine({ message }: Error): string {
  const [line = ''] = message.split('\n');
  return line;
}
