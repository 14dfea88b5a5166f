import htm from 'htm';
import { h } from 'preact';

/** Markup with values in it. Preact makes text of every value, never markup. */
export const html = htm.bind(h);
