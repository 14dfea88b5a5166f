/** Faults that are planted in a template, which is synthesized once for each stage. */
import { CfnResource, type Stack } from 'aws-cdk-lib';
import type { Template } from 'aws-cdk-lib/assertions';

export function all(stack: Stack, type: string): CfnResource[] {
  const resources = stack.node.findAll().filter((node) => CfnResource.isCfnResource(node));
  return resources.filter((resource) => resource.cfnResourceType === type);
}

/** The first of the stack's resources of a type, to plant a fault in. */
export function one(stack: Stack, type: string): CfnResource {
  const [first] = all(stack, type);
  // Changing something that is not there would prove nothing.
  if (first === undefined) throw new Error(`There is no ${type} in the stack.`);
  return first;
}

/** A fault in the template that CDK made of a stack. */
export type Edit = (stack: Stack, template: Json) => void;
export type Json = ReturnType<Template['toJSON']>;

/** What the template has for a resource of its stack. */
const inTemplate = (stack: Stack, { Resources }: Json, resource: CfnResource) =>
  Resources[stack.resolve(resource.logicalId)];

/** Changes the member at a path; objects on the way that are not there are made. */
function change(holder: Json, path: string, to: (holder: Json, key: string) => void): void {
  const keys = path.split('.');
  const last = keys.pop() ?? '';
  to(
    keys.reduce((inner, key) => {
      inner[key] ??= {};
      return inner[key];
    }, holder),
    last,
  );
}

const remove = (holder: Json, key: string) => delete holder[key];
export const without =
  (type: string, path: string): Edit =>
  (stack, template) =>
    change(inTemplate(stack, template, one(stack, type)).Properties, path, remove);
export const everywhereWithout =
  (type: string, path: string): Edit =>
  (stack, template) => {
    for (const resource of all(stack, type)) change(inTemplate(stack, template, resource).Properties, path, remove);
  };
const set = (value: unknown) => (holder: Json, key: string) => {
  holder[key] = value;
};
export const having =
  (type: string, path: string, value: unknown): Edit =>
  (stack, template) =>
    change(inTemplate(stack, template, one(stack, type)).Properties, path, set(value));
export const withPolicy =
  (type: string, policy: string, value: string): Edit =>
  (stack, template) =>
    change(inTemplate(stack, template, one(stack, type)), policy, set(value));
export const missing =
  (type: string): Edit =>
  (stack, { Resources }) => {
    delete Resources[stack.resolve(one(stack, type).logicalId)];
  };

const alarm = (stack: Stack, id: string) => {
  const found = all(stack, 'AWS::CloudWatch::Alarm').find(({ node }) => node.scope?.node.id === id);
  if (found === undefined) throw new Error(`There is no alarm ${id} in the stack.`);
  return found;
};
export const havingAlarm =
  (id: string, path: string, value: unknown): Edit =>
  (stack, template) =>
    change(inTemplate(stack, template, alarm(stack, id)).Properties, path, set(value));
/** An alarm on something else: removing it would break the alarms that are made of it. */
export const withoutAlarm = (id: string) => havingAlarm(id, 'MetricName', 'Elsewhere');
