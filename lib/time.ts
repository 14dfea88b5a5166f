/** A moment as answers write it: ISO 8601 in UTC, of milliseconds since the Unix epoch. */
export function iso(time: number): string {
  return new Date(time).toISOString();
}

/** How old something is, in whole seconds, rounded up: an age is never told too small. */
export function ageSeconds(time: number, now: number): number {
  return Math.max(0, Math.ceil((now - time) / 1000));
}

/** Later than every moment that is kept: the greatest of thirteen digits, milliseconds since the Unix epoch. */
export const endOfTime = 9_999_999_999_999;
