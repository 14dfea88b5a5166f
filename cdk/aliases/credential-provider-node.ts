/** Called by a client that was created without credentials, at its first call. */
export function defaultProvider() {
  return async (): Promise<never> => {
    throw new Error('Give this client its credentials: the bundle has no chain of providers to look for them.');
  };
}
