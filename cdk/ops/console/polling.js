import { useEffect, useState } from 'preact/hooks';
import { ApiError, onConnection } from './api.js';
import { clock } from './format.js';
import { html } from './html.js';

const pollMs = 5_000;

/**
 * @template T
 * @typedef {{ value: T | undefined, problem: string | undefined, again: () => void }} Polled
 */

/**
 * Loads now and every few seconds while the page is visible. What was loaded stays while a later attempt fails.
 * @template T
 * @param {(before: T | undefined) => Promise<T>} load Returns `before` when nothing changed.
 * @param {string} key Something else is loaded when it changes.
 * @returns {Polled<T>}
 */
export function usePolled(load, key) {
  const [state, setState] = useState(
    /** @type {{ key: string, value: T | undefined, problem: string | undefined }} */ ({
      key,
      value: undefined,
      problem: undefined,
    }),
  );
  const [round, setRound] = useState(0);
  useEffect(() => {
    let ended = false;
    /** @type {T | undefined} */
    let value = state.key === key ? state.value : undefined;
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    let timer;
    const tick = async () => {
      clearTimeout(timer);
      let problem;
      try {
        if (!document.hidden || value === undefined) value = await load(value);
      } catch (error) {
        // A lost connection has a sentence of its own.
        problem = error instanceof ApiError && error.code !== 'console_unreachable' ? error.message : undefined;
      }
      if (ended) return;
      setState({ key, value, problem });
      timer = setTimeout(tick, pollMs);
    };
    const shown = () => {
      if (!document.hidden) void tick();
    };
    document.addEventListener('visibilitychange', shown);
    void tick();
    return () => {
      ended = true;
      clearTimeout(timer);
      document.removeEventListener('visibilitychange', shown);
    };
  }, [key, round]);
  const isCurrent = state.key === key;
  return {
    value: isCurrent ? state.value : undefined,
    problem: isCurrent ? state.problem : undefined,
    again: () => setRound((times) => times + 1),
  };
}

/** Whether the API answers, in the header. */
export function ConnectionMark() {
  const [{ lostSince, reachedAt }, setConnection] = useState(
    /** @type {import('./api.js').Connection} */ ({ lostSince: undefined, reachedAt: undefined }),
  );
  useEffect(() => onConnection(setConnection), []);
  if (lostSince !== undefined) return html`<span class="mark bad" role="status">connection lost</span>`;
  const at = reachedAt === undefined ? 'connecting' : `live · ${clock(reachedAt)} UTC`;
  return html`<span class="mark good"><i class="dot" aria-hidden="true"></i>${at}</span>`;
}

/** A sentence above everything, while the API cannot be reached. */
export function ConnectionNotice() {
  const [{ lostSince, reachedAt }, setConnection] = useState(
    /** @type {import('./api.js').Connection} */ ({ lostSince: undefined, reachedAt: undefined }),
  );
  useEffect(() => onConnection(setConnection), []);
  if (lostSince === undefined) return null;
  const seen = reachedAt === undefined ? 'Nothing was loaded yet.' : `What you see is from ${clock(reachedAt)} UTC.`;
  return html`<p class="notice bad" role="alert">
    The connection to the API was lost at ${clock(lostSince)} UTC. ${seen} The console tries again every
    ${pollMs / 1_000} seconds.
  </p>`;
}
