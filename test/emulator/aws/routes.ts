/** What a request is matched to. */
export type Match<Route> = {
  readonly route: Route;
  /** What the path says for `{name}` and `{name+}`; undefined when the route has none. */
  readonly pathParameters: Readonly<Record<string, string>> | undefined;
};

type Segment = { readonly kind: 'literal' | 'parameter' | 'greedy'; readonly text: string };
type Parsed<Route> = { readonly route: Route; readonly method: string; readonly segments: readonly Segment[] };

const order = { literal: 0, parameter: 1, greedy: 2 } as const;

/**
 * Makes the route selection of an HTTP API: the most specific route wins; a full match beats a greedy one, which beats
 * `$default`; a method beats `ANY`. Paths are matched as decoded: see `decodePath`.
 */
export function createRouter<Route extends { readonly key: string }>(routes: readonly Route[]) {
  const parsed = routes.filter(({ key }) => key !== '$default').map(parse);
  const fallback = routes.find(({ key }) => key === '$default');
  parsed.sort(compare);

  return (method: string, path: string): Match<Route> | undefined => {
    const parts = path.split('/').slice(1);
    for (const { route, method: wanted, segments } of parsed) {
      if (wanted !== 'ANY' && wanted !== method) continue;
      const pathParameters = capture(segments, parts);
      if (pathParameters === undefined) continue;
      return { route, pathParameters: Object.keys(pathParameters).length === 0 ? undefined : pathParameters };
    }
    return fallback === undefined ? undefined : { route: fallback, pathParameters: undefined };
  };
}

function parse<Route extends { readonly key: string }>(route: Route): Parsed<Route> {
  const [method = '', path = ''] = route.key.split(' ');
  const segments = path
    .split('/')
    .slice(1)
    .map((text): Segment => {
      const [, name, greedy] = /^\{([^}+]+)(\+)?\}$/.exec(text) ?? [];
      if (name === undefined) return { kind: 'literal', text };
      return { kind: greedy === undefined ? 'parameter' : 'greedy', text: name };
    });
  return { route, method, segments };
}

function compare(a: Parsed<unknown>, b: Parsed<unknown>): number {
  const greedy = Number(isGreedy(a)) - Number(isGreedy(b));
  const any = Number(a.method === 'ANY') - Number(b.method === 'ANY');
  if (greedy !== 0 || any !== 0) return greedy || any;
  for (const [index, segment] of a.segments.entries()) {
    const other = b.segments[index];
    const difference = other === undefined ? 0 : order[segment.kind] - order[other.kind];
    if (difference !== 0) return difference;
  }
  return b.segments.length - a.segments.length;
}

function isGreedy({ segments }: Parsed<unknown>): boolean {
  return segments.at(-1)?.kind === 'greedy';
}

function capture(segments: readonly Segment[], parts: readonly string[]): Record<string, string> | undefined {
  const captured: Record<string, string> = {};
  for (const [index, { kind, text }] of segments.entries()) {
    const part = parts[index];
    // A variable never matches an empty segment.
    if (part === undefined || (part === '' && kind !== 'literal')) return undefined;
    if (kind === 'literal' && part !== text) return undefined;
    if (kind === 'parameter') captured[text] = part;
    if (kind === 'greedy') {
      captured[text] = parts.slice(index).join('/');
      return captured;
    }
  }
  return parts.length === segments.length ? captured : undefined;
}
