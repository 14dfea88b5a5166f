/** How far this browser's clock is from the API's, in milliseconds. */
let ahead = 0;

/** Learns it from the `Date` of a response, which is in whole seconds. @param {string | null} date */
export function syncClock(date) {
  const difference = date === null ? Number.NaN : Date.now() - Date.parse(date);
  if (!Number.isNaN(difference)) ahead = Math.abs(difference) < 3_000 ? 0 : difference;
}

/** What the time is where the orders are kept, whatever this browser's clock says; milliseconds since the Unix epoch. */
export const now = () => Date.now() - ahead;
