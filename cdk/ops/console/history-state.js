import { useState } from 'preact/hooks';

/* What stays with an entry of the browser's history: going back, or loading again, finds it as it was left. */

/** @param {string} name @param {unknown} value */
export function saveHistoryState(name, value) {
  history.replaceState({ ...history.state, [name]: value }, '');
}

/**
 * @template T
 * @param {string} name @param {T} initial
 * @returns {[T, (value: T) => void]}
 */
export function useHistoryState(name, initial) {
  const [value, setValue] = useState(/** @returns {T} */ () => history.state?.[name] ?? initial);
  const change = (/** @type {T} */ next) => {
    setValue(() => next);
    saveHistoryState(name, next);
  };
  return [value, change];
}
