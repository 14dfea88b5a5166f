import { useEffect, useState } from 'preact/hooks';
import { currentConnection, errorMessage, onConnection } from './api.js';
import { clock } from './format.js';
import { html } from './html.js';
import { now } from './now.js';

const pollMs = 5_000;

/**
 * @template T
 * @typedef {object} Polled
 * @property {T | undefined} value
 * @property {string | undefined} problem
 * @property {boolean} isLoading Nothing is there yet, and nothing has failed yet.
 * @property {() => void} again
 */

/**
 * Loads now and every few seconds while the page is visible. What was loaded stays while a later attempt fails.
 * @template T
 * @param {(before: T | undefined, signal: AbortSignal, show: (value: T) => void) => Promise<T>} load Returns `before`
 *   when nothing changed; may `show` a part of what it loads.
 * @param {string} key Something else is loaded when it changes.
 * @param {boolean} [more] The same is loaded another way when it changes; what is there stays until it is.
 * @returns {Polled<T>}
 */
export function usePolled(load, key, more = false) {
  const [state, setState] = useState(
    /** @returns {{ key: string, value: T | undefined, at: number, problem: string | undefined, isLoading: boolean }} */
    () => ({ key, value: undefined, at: 0, problem: undefined, isLoading: true }),
  );
  const [round, setRound] = useState(0);
  useEffect(() => {
    const ended = new AbortController();
    const { signal } = ended;
    let value = state.key === key ? state.value : undefined;
    let { at } = state;
    let isBusy = false;
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    let timer;
    const show = (/** @type {T} */ next) => {
      value = next;
      at = now();
      if (!signal.aborted) setState({ key, value, at, problem: undefined, isLoading: false });
    };
    const tick = async () => {
      // A page that becomes visible starts no second one.
      if (isBusy || (document.hidden && value !== undefined)) return;
      isBusy = true;
      clearTimeout(timer);
      try {
        show(await load(value, signal, show));
      } catch (error) {
        const sentence = errorMessage(error);
        const seen = value === undefined ? '' : ` What you see is from ${clock(at)} UTC.`;
        const problem = sentence === undefined ? undefined : `${sentence}${seen}`;
        if (!signal.aborted) setState({ key, value, at, problem, isLoading: false });
      }
      isBusy = false;
      if (!signal.aborted) timer = setTimeout(tick, pollMs);
    };
    document.addEventListener('visibilitychange', tick);
    void tick();
    return () => {
      ended.abort();
      clearTimeout(timer);
      document.removeEventListener('visibilitychange', tick);
    };
  }, [key, round, more]);
  const isCurrent = state.key === key;
  return {
    value: isCurrent ? state.value : undefined,
    problem: isCurrent ? state.problem : undefined,
    isLoading: !isCurrent || state.isLoading,
    again: () => setRound((times) => times + 1),
  };
}

function useConnection() {
  const [connection, setConnection] = useState(currentConnection);
  useEffect(() => onConnection(setConnection), []);
  return connection;
}

/** Whether the API responds, in the header. */
export function ConnectionMark() {
  const { lostSince, reachedAt } = useConnection();
  if (lostSince !== undefined) return html`<span class="mark bad" role="status">connection lost</span>`;
  if (reachedAt === undefined) return null;
  const at = `live · ${clock(reachedAt)} UTC`;
  return html`<span class="mark good"><i class="dot" aria-hidden="true"></i>${at}</span>`;
}

/** A sentence above everything, while the API cannot be reached. */
export function ConnectionNotice() {
  const { lostSince, reachedAt } = useConnection();
  if (lostSince === undefined) return null;
  const seen = reachedAt === undefined ? 'It has not responded yet.' : `It last responded at ${clock(reachedAt)} UTC.`;
  const sentence = `The connection to the API was lost at ${clock(lostSince)} UTC. ${seen} The console tries again every ${pollMs / 1_000} seconds.`;
  return html`<p class="notice bad" role="alert">${sentence}</p>`;
}
