import { AwsClient } from 'aws4fetch';
import type { ClientSetting } from '../../lib/api/client.ts';

type Fetch = NonNullable<ClientSetting['fetch']>;
type AwsCredentials = {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
};

/** Calls the API as its clients do: each request is signed for API Gateway with the caller's own credentials. */
export function createSignedFetch(credentials: () => Promise<AwsCredentials>, region: string): Fetch {
  return async (url, request) => {
    // The API's client decides about retries.
    const signer = new AwsClient({ ...(await credentials()), service: 'execute-api', region, retries: 0 });
    return signer.fetch(url, request);
  };
}
