/** As much of a route as makes a request; a body goes with it where the route takes one. */
export type Target = { readonly method: string; readonly path: string; readonly body?: unknown };
/** A request as `fetch` takes it. */
type Composed = { readonly target: string; readonly init: RequestInit };

/**
 * The request that these parameters make, right or wrong: the first of each that the path has goes there, all others
 * into the query. A slash in the path is encoded twice, as the gateway wants it.
 */
export function compose(
  { method, path, body: takes }: Target,
  parameters: Iterable<readonly [name: string, value: string]>,
  body?: string,
): Composed {
  const query = new URLSearchParams();
  let target = path;
  for (const [name, value] of parameters) {
    const inPath = target.replace(`{${name}}`, () => encodeURIComponent(value).replaceAll('%2F', '%252F'));
    if (inPath === target) query.append(name, value);
    target = inPath;
  }
  return {
    target: query.size > 0 ? `${target}?${query}` : target,
    init: {
      method,
      ...(takes !== undefined && body !== undefined && { body, headers: { 'content-type': 'application/json' } }),
    },
  };
}
