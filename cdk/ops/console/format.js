import { now } from './now.js';

/*
 * How values are shown. Whatever comes from an order is foreign text: control characters, invisible and bidirectional
 * marks become visible, as in the command line.
 */

const unsafe = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu;

/** @param {string} text */
export function visible(text) {
  return text.replaceAll(unsafe, (found) =>
    found
      .split('')
      .map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
      .join(''),
  );
}

/**
 * A value of an order, digit for digit. An absent one is a dash.
 * @param {unknown} value
 * @returns {string}
 */
export function formatValue(value) {
  if (value === undefined) return '–';
  return visible(typeof value === 'string' ? value : JSON.stringify(value));
}

/**
 * A field of an order; the exchange's milliseconds as a time, too.
 * @param {string} field @param {unknown} value
 */
export function formatField(field, value) {
  if (!/_timestamp$/.test(field) || typeof value !== 'number') return formatValue(value);
  return `${formatValue(value)} (${time(value)} UTC)`;
}

/**
 * UTC, to the millisecond: 08:00:07.250, with its day unless that is today's.
 * @param {number | string} at Milliseconds since the Unix epoch, or ISO 8601.
 */
export function time(at) {
  const date = new Date(at);
  if (Number.isNaN(date.getTime())) return '–';
  const text = date.toISOString();
  const day = text.slice(0, 10) === new Date(now()).toISOString().slice(0, 10) ? '' : `${text.slice(0, 10)} `;
  return `${day}${text.slice(11, 23)}`;
}

/** The same, to the second. @param {number | string} at */
export const clock = (at) => time(at).replace(/\.\d{3}$/, '');

/** 250 ms, 7.3 s, 4 m 10 s, 3 h 5 m, 12 d 4 h, 6 y. @param {number} ms @returns {string} */
export function duration(ms) {
  if (ms < 0) return `−${duration(-ms)}`;
  if (ms < 1_000) return `${Math.round(ms)} ms`;
  if (ms < 60_000) return `${(ms / 1_000).toFixed(ms < 10_000 ? 1 : 0)} s`;
  const minutes = Math.floor(ms / 60_000);
  if (minutes < 60) return `${minutes} m ${Math.floor((ms % 60_000) / 1_000)} s`;
  const hours = Math.floor(minutes / 60);
  if (hours < 48) return `${hours} h ${minutes % 60} m`;
  const days = Math.floor(hours / 24);
  return days < 730 ? `${days} d ${hours % 24} h` : `${Math.floor(days / 365)} y`;
}

/** An age in whole seconds. @param {number | undefined} seconds */
export function age(seconds) {
  if (seconds === undefined) return 'never';
  return seconds < 60 ? `${seconds} s` : duration(seconds * 1_000);
}

/** 1 order, 2 orders. @param {number} number @param {string} one */
export function count(number, one) {
  return `${number} ${one}${number === 1 ? '' : 's'}`;
}
