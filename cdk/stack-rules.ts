import { readFileSync } from 'node:fs';
import type {
  IPolicyValidationContext,
  IPolicyValidationPlugin,
  PolicyValidationPluginReport,
  PolicyViolation,
  Stack,
} from 'aws-cdk-lib';
import { type Rule, type RuledStage, rules } from './rules.ts';
import { resourcesIn } from './template-resources.ts';

/**
 * Holds the template of one stack against the rules of this house whenever it is synthesized, beside AWS's own. A breach
 * fails the synthesis; one with a good reason is acknowledged, as `StackRules::` and the rule's name.
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
    const violations = own.flatMap(({ templatePath }) => rules.flatMap((rule) => this.#breaches(rule, templatePath)));
    return { success: violations.length === 0, violations };
  }

  #breaches({ name, of, holds, fix }: Rule, templatePath: string): PolicyViolation[] {
    const resources = resourcesIn(readFileSync(templatePath, 'utf8'));
    const breaching = resources.filter(
      (resource) => of.includes(resource.Type) && !holds(resource, { resources, stage: this.#stage }),
    );
    if (breaching.length === 0) return [];
    const violatingResources = breaching.map(({ id }) => ({ resourceLogicalId: id, templatePath, locations: [] }));
    return [{ ruleName: name, description: fix, severity: 'error', violatingResources }];
  }
}
