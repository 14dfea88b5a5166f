const units = [
  ['year', 365 * 86_400_000],
  ['day', 86_400_000],
  ['h', 3_600_000],
  ['min', 60_000],
] as const;

/** The largest unit of which there are at least two, so that one or two digits are precise enough. */
export function duration(milliseconds: number): string {
  const unit = units.find(([, length]) => milliseconds >= 2 * length);
  if (unit === undefined) {
    const seconds = Math.max(milliseconds, 0) / 1000;
    return `${seconds.toFixed(seconds < 10 ? 1 : 0)} s`;
  }
  const [name, length] = unit;
  return `${Math.floor(milliseconds / length)} ${name}${name.length > 3 || name === 'day' ? 's' : ''}`;
}
