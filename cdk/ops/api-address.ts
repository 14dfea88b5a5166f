import { UsageError } from './command-line.ts';
import { isLoopback } from './options.ts';

/** The value of --url. */
export function apiUrl(url: string): string {
  if (/^https?:\/\/[^/?#@]+\/?$/.test(url) && (url.startsWith('https:') || isLoopback(url))) return url;
  throw new UsageError('--url takes the https address of the API (http only on this machine), without a path');
}

/** The region that requests to the API are signed for. */
export function regionOf(url: string, given: string | undefined): string {
  const [, ofHost] = /\.execute-api\.([a-z0-9-]+)\./.exec(url) ?? [];
  const region = given ?? ofHost ?? process.env['AWS_REGION'] ?? process.env['AWS_DEFAULT_REGION'];
  if (region === undefined) throw new UsageError('Give --region: the URL does not name it');
  return region;
}
