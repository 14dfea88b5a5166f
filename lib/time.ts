/** Milliseconds since the Unix epoch as ISO 8601 in UTC. */
export function iso(time: number): string {
  return new Date(time).toISOString();
}

export function isoOrAbsent(time: number | undefined): string | undefined {
  return time === undefined ? undefined : iso(time);
}

/** An age in whole seconds, rounded up so that nothing looks fresher than it is. */
export function ageSeconds(time: number, now: number): number {
  return Math.max(0, Math.ceil((now - time) / 1000));
}

/** Later than every stored time: the greatest of thirteen digits, milliseconds since the Unix epoch. */
export const endOfTime = 9_999_999_999_999;
