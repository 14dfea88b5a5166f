import * as z from 'zod/mini';

const Resource = z.object({
  Type: z.string(),
  Properties: z._default(z.record(z.string(), z.unknown()), {}),
  DeletionPolicy: z.optional(z.string()),
  UpdateReplacePolicy: z.optional(z.string()),
});
const Template = z.object({ Resources: z.record(z.string(), Resource) });

/** One resource of a template. */
export type Resource = { readonly id: string } & z.infer<typeof Resource>;

export function resourcesIn(template: string): readonly Resource[] {
  const { Resources } = Template.parse(JSON.parse(template));
  return Object.entries(Resources).map(([id, resource]) => ({ id, ...resource }));
}

/** What is at a path of a value, if anything is. */
export function valueAt(value: unknown, ...path: readonly string[]): unknown {
  return path.reduce((holder, key) => memberValues(holder).get(key), value);
}

function memberValues(holder: unknown): ReadonlyMap<string, unknown> {
  return new Map(typeof holder === 'object' && holder !== null ? Object.entries(holder) : []);
}

/** One or many, as a list: CloudFormation accepts both. */
export function each(value: unknown): readonly unknown[] {
  return value === undefined ? [] : [value].flat();
}

/** The resource that `Ref` or `Fn::GetAtt` leads to. */
export function referencedId(reference: unknown): unknown {
  return valueAt(reference, 'Ref') ?? valueAt(reference, 'Fn::GetAtt', '0');
}
