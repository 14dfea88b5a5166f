import { readFileSync } from 'node:fs';
import type {
  IPolicyValidationContext,
  IPolicyValidationPlugin,
  PolicyValidationPluginReport,
  PolicyViolation,
  Stack,
} from 'aws-cdk-lib';
import type { Rule, RuledStage } from './rule-conditions.ts';
import { rules } from './rules.ts';
import { type Resource, resourcesIn } from './template-resources.ts';

/**
 * Checks the template of one stack against our own rules whenever it is synthesized. A violation fails the synthesis; one
 * with a good reason is acknowledged, as `StackRules::` and the rule's name.
 */
export class StackRules implements IPolicyValidationPlugin {
  readonly name = 'StackRules';
  readonly ruleIds = rules.map(({ name }) => name);
  readonly #stack: Stack;
  readonly #stage: RuledStage;

  constructor(stack: Stack, stage: RuledStage) {
    this.#stack = stack;
    this.#stage = stage;
  }

  validate({ stackTemplates }: IPolicyValidationContext): PolicyValidationPluginReport {
    const own = stackTemplates.filter(({ stackConstructPath }) => stackConstructPath === this.#stack.node.path);
    const violations = own.flatMap(({ templatePath }) => {
      const resources = resourcesIn(readFileSync(templatePath, 'utf8'));
      return rules.flatMap((rule) => this.#violationsOf(rule, resources, templatePath));
    });
    return { success: violations.length === 0, violations };
  }

  #violationsOf(
    { name, types, holds, fix }: Rule,
    resources: readonly Resource[],
    templatePath: string,
  ): PolicyViolation[] {
    const violating = resources.filter(
      (resource) => types.includes(resource.Type) && !holds(resource, { resources, stage: this.#stage }),
    );
    if (violating.length === 0) return [];
    const violatingResources = violating.map(({ id }) => ({ resourceLogicalId: id, templatePath, locations: [] }));
    return [{ ruleName: name, description: fix, severity: 'error', violatingResources }];
  }
}
