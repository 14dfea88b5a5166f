import type { DialectDefinition } from './definition.ts';
import { deribit } from './deribit.ts';
import { orangex } from './orangex.ts';

/** Every exchange that we speak to, by name, the default one first. A new one is a file beside this and a line here. */
const definitions = {
  orangex,
  deribit,
};

export type DialectName = keyof typeof definitions;
export type Dialect = DialectDefinition & { readonly name: DialectName };

export const dialects: Readonly<Record<DialectName, Dialect>> = definitions;
export const dialectNames: readonly DialectName[] = Object.values(dialects).map(({ name }) => name);
