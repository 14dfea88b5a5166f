import { expect, it } from 'vitest';
import { duration } from '../../../cdk/ops/duration.ts';
import { errorLine } from '../../../cdk/ops/error-line.ts';
import { Failure } from '../../../lib/errors.ts';

it.each([
  ['ExpiredToken', 'The AWS credentials have expired: sign in again.'],
  ['CredentialsProviderError', 'No AWS credentials were found: sign in (aws sso login), or set AWS_PROFILE.'],
])('the error line says what to do about %s', (name, line) => {
  expect(errorLine(Object.assign(new Error('x'), { name }))).toBe(line);
});

it('the error line says where nothing responds', () => {
  const refused = Object.assign(new Error('connect'), { code: 'ECONNREFUSED' });
  expect(errorLine(refused)).toMatch(/^No response from the endpoint: /);
  const atPort = Object.assign(refused, { address: '127.0.0.1', port: 9 });
  expect(errorLine(new Error('x', { cause: atPort }))).toMatch(/^No response from 127\.0\.0\.1:9: /);
});

it('the error line says which region is missing, and prints thrown values that are not errors', () => {
  expect(errorLine(new Error('Region is missing'))).toMatch(/^The AWS region is not known/);
  expect(errorLine('text')).toBe('text');
});

it('the error line adds the cause of an internal failure', () => {
  const failure = new Failure('store_unavailable', 'The table is unavailable.', { cause: new Error('slow\nand more') });
  expect(errorLine(failure)).toBe('The table is unavailable. (slow)');
});

it.each([
  [-5, '0.0 s'],
  [1_234, '1.2 s'],
  [90_000, '90 s'],
  [3_600_000, '60 min'],
  [5 * 3_600_000, '5 h'],
  [3 * 86_400_000, '3 days'],
  [800 * 86_400_000, '2 years'],
])('an ops command prints %d ms as %s', (milliseconds, text) => expect(duration(milliseconds)).toBe(text));
