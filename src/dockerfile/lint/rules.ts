import { type LintRule, ruleUrl } from './rule.ts';
import { INSTRUCTION_RULES } from './rules-instructions.ts';
import { OWN_RULES } from './rules-own.ts';
import { STAGE_RULES } from './rules-stages.ts';

const TABLE = { ...STAGE_RULES, ...INSTRUCTION_RULES, ...OWN_RULES };

export type RuleName = keyof typeof TABLE;

/** Every rule by its name: BuildKit's, then this project's own. */
export const RULES: Readonly<Record<RuleName, LintRule>> = TABLE;

export const RULE_NAMES: readonly RuleName[] = Object.keys(TABLE) as RuleName[]; // a literal has no other keys

/** A rule's texts for one finding. `{name}` is replaced by the value of that name. */
export function describeRule(
  name: RuleName,
  values: Readonly<Record<string, string>>,
): { readonly summary: string; readonly message: string; readonly mend: string; readonly url: string } {
  const rule = RULES[name];
  const fill = (text: string) => text.replaceAll(/\{(\w+)\}/g, (whole, key: string) => values[key] ?? whole);
  return { summary: rule.summary, message: fill(rule.message), mend: fill(rule.mend), url: ruleUrl(name, rule) };
}
