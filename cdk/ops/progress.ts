import type { Context } from './context.ts';

/** How far a long command is: a bar on a terminal, nothing elsewhere. */
export type Progress = {
  readonly at: (done: number) => void;
  readonly end: () => void;
};

const redrawMs = 100;
const clearLine = '\r\u001b[K';

/** `total` may be out of date; the bar is full no earlier than the end. */
export function createProgress({ terminal, clock }: Context, what: string, total: number): Progress {
  let drawnAt = 0;
  if (terminal.columns === 0) return { at: () => {}, end: () => {} };
  return {
    at: (done) => {
      if (clock.now() < drawnAt + redrawMs) return;
      drawnAt = clock.now();
      terminal.draw(`${clearLine}${barOf(done, Math.max(total, done + 1), what, terminal.columns)}`);
    },
    end: () => terminal.draw(clearLine),
  };
}

function barOf(done: number, total: number, what: string, columns: number): string {
  const part = done / total;
  const label = ` ${Math.floor(part * 100)} %, ${done} ${what}`;
  const width = Math.min(40, columns - label.length - 3);
  if (width < 5) return label.trim().slice(0, columns - 1);
  const full = Math.floor(part * width);
  return `[${'#'.repeat(full)}${'.'.repeat(width - full)}]${label}`;
}
