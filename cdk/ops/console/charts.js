import { useEffect, useRef, useState } from 'preact/hooks';
import uPlot from 'uplot';
import { duration } from './format.js';
import { html } from './html.js';

/** What a custom property of style.css is in the current scheme, as a canvas takes it. @param {string} name */
function colorOf(name) {
  const probe = document.createElement('span');
  probe.style.color = `var(--${name})`;
  document.body.append(probe);
  const { color } = getComputedStyle(probe);
  probe.remove();
  return color;
}

/**
 * A chart that fills its width; drawn anew when the scheme or the data change, as far as it was zoomed in.
 * @param {{ make: (width: number) => [import('uplot').Options, import('uplot').AlignedData], label: string, redrawn: unknown }} properties
 */
function Chart({ make, label, redrawn }) {
  /** @type {import('preact').RefObject<HTMLDivElement | null>} */
  const place = useRef(null);
  /** @type {import('preact').RefObject<{ min: number, max: number } | undefined>} */
  const zoom = useRef(undefined);
  const [scheme, setScheme] = useState(0);
  useEffect(() => {
    const dark = matchMedia('(prefers-color-scheme: dark)');
    const changed = () => setScheme((times) => times + 1);
    dark.addEventListener('change', changed);
    return () => dark.removeEventListener('change', changed);
  }, []);
  useEffect(() => {
    const element = place.current;
    if (element === null) return undefined;
    const [options, data] = make(element.clientWidth);
    const plot = new uPlot(options, data, element);
    const resized = new ResizeObserver(() => plot.setSize({ width: element.clientWidth, height: options.height }));
    resized.observe(element);
    if (zoom.current !== undefined) plot.setScale('x', zoom.current);
    return () => {
      resized.disconnect();
      zoom.current = partOf(plot);
      plot.destroy();
    };
  }, [redrawn, scheme]);
  return html`<div class="chart" role="img" aria-label=${label} ref=${place}></div>`;
}

/** What a person has chosen of the chart, unless all of it is shown. @param {uPlot} plot */
function partOf({ scales, data: [xs] }) {
  const { min, max } = scales['x'] ?? {};
  const [first, last] = [xs[0], xs.at(-1)];
  if (min == null || max == null || first === undefined || last === undefined) return undefined;
  return min > first || max < last ? { min, max } : undefined;
}

/** @param {(values: number[], increment: number) => string[]} values @param {number} size @returns {import('uplot').Axis} */
function axis(values, size) {
  return {
    stroke: colorOf('muted'),
    font: '11px system-ui, sans-serif',
    grid: { stroke: colorOf('line'), width: 1 },
    ticks: { stroke: colorOf('line'), width: 1, size: 4 },
    size,
    values: (_plot, splits, _axis, _space, increment) => values(splits, increment),
  };
}

/**
 * The exchange's line and ours, as steps, and between them what we did not know yet.
 * @param {{ data: [number[], (number | null)[], (number | null)[]], label: string, gaps: readonly [from: number, to: number][], top?: number, names?: readonly string[] }} properties
 *   `names` of the values 0, 1, 2 … where they are no amounts; else `top` is the greatest amount.
 */
export function StepChart({ data, gaps, label, top = 1, names }) {
  const amount = new Intl.NumberFormat('en', { maximumSignificantDigits: 6 });
  /** @returns {[import('uplot').Options, import('uplot').AlignedData]} */
  const make = (/** @type {number} */ width) => [
    {
      width,
      height: names === undefined ? 170 : 60 + 26 * names.length,
      legend: { show: false },
      tzDate: (second) => uPlot.tzDate(new Date(second * 1_000), 'Etc/UTC'),
      cursor: { sync: { key: 'order' }, drag: { x: true, y: false }, points: { size: 6 } },
      scales: {
        x: { time: true },
        y: {
          range: names === undefined ? [0, top * 1.05] : [-0.5, names.length - 0.5],
        },
      },
      series: [
        {},
        { label: 'exchange', stroke: colorOf('exchange'), width: 1.5, paths: stepped(), points: { show: false } },
        {
          label: 'record',
          stroke: colorOf('record'),
          width: 2,
          dash: [5, 3],
          paths: stepped(),
          points: { show: false },
        },
      ],
      hooks: { drawClear: [(plot) => shade(plot, gaps)] },
      axes: [
        {
          ...axis((splits, increment) => splits.map((second) => splitLabel(second, splits, increment)), 26),
          space: 80,
        },
        {
          ...axis(
            (splits) => splits.map((value) => (names === undefined ? amount.format(value) : (names[value] ?? ''))),
            84,
          ),
          ...(names !== undefined && { splits: () => names.map((_name, index) => index) }),
        },
      ],
    },
    data,
  ];
  return html`<${Chart} make=${make} label=${label} redrawn=${JSON.stringify(data)} />`;
}

/**
 * UTC: with milliseconds where a second has several splits, with the day where they are more than one day, and the day
 * alone where none has several. @param {number} second @param {readonly number[]} splits @param {number} increment Seconds.
 */
function splitLabel(second, splits, increment) {
  const [first = 0] = splits;
  const text = new Date(second * 1_000).toISOString();
  if (increment >= 86_400) return text.slice(0, 10);
  if ((splits.at(-1) ?? first) - first >= 86_400) return text.slice(5, 16).replace('T', ' ');
  return text.slice(11, increment < 1 ? 23 : 19);
}

function stepped() {
  const { stepped: steps } = uPlot.paths;
  if (steps === undefined) throw new Error('uPlot draws no steps');
  return steps({ align: 1 });
}

/** The time in which this record was late, behind the lines. @param {uPlot} plot @param {readonly [from: number, to: number][]} gaps */
function shade({ ctx, bbox, valToPos }, gaps) {
  ctx.save();
  ctx.fillStyle = colorOf('gap');
  for (const [from, to] of gaps) {
    const left = Math.max(bbox.left, valToPos(from, 'x', true));
    const right = Math.min(bbox.left + bbox.width, valToPos(to, 'x', true));
    // Never too narrow to be seen.
    if (right > bbox.left && left < bbox.left + bbox.width)
      ctx.fillRect(left, bbox.top, Math.max(right - left, 2), bbox.height);
  }
  ctx.restore();
}

/** @param {{ bins: readonly { below: number, count: number }[], label: string }} properties */
export function Histogram({ bins, label }) {
  /** @returns {[import('uplot').Options, import('uplot').AlignedData]} */
  const make = (/** @type {number} */ width) => {
    const { bars } = uPlot.paths;
    if (bars === undefined) throw new Error('uPlot draws no bars');
    const upTo = (/** @type {number} */ index) => {
      const below = bins[index]?.below ?? 0;
      return Number.isFinite(below)
        ? `< ${duration(below)
            .replace(/ 0 [sm]$/, '')
            .replace('.0', '')}`
        : 'more';
    };
    return [
      {
        width,
        height: 240,
        legend: { show: false },
        cursor: { show: false },
        scales: {
          x: { time: false, range: [-0.6, bins.length - 0.4] },
          y: { range: (_plot, _min, max) => [0, max * 1.1] },
        },
        series: [
          {},
          {
            label: 'transitions',
            fill: colorOf('record'),
            stroke: colorOf('record'),
            paths: bars({ size: [0.7] }),
            points: { show: false },
          },
        ],
        axes: [
          {
            ...axis((splits) => splits.map(upTo), 30),
            // On a narrow screen, every second label has room.
            splits: (plot) => bins.map((_bin, index) => index).filter((index) => plot.width >= 600 || index % 2 === 0),
            grid: { show: false },
          },
          { ...axis((splits) => splits.map((each) => (Number.isInteger(each) ? String(each) : '')), 44) },
        ],
      },
      [bins.map((_bin, index) => index), bins.map(({ count }) => count || null)],
    ];
  };
  return html`<${Chart} make=${make} label=${label} redrawn=${JSON.stringify(bins)} />`;
}
