import { PolyarchError } from '../../util/error.ts';
import { didYouMean } from '../../util/nearest.ts';
import { excerpt } from '../excerpt.ts';
import { type CheckOptions, parseCheckComments } from './check-options.ts';
import type { Finding, FindingPlace, ParserFinding } from './finding.ts';
import { RULES, RULE_NAMES, type RuleName, describeRule } from './rules.ts';

export interface LintOptions {
  /** The Dockerfile, for excerpts. */
  readonly lines: readonly string[];
  /** Told of each finding at once, so that they are known even when the conversion fails. */
  readonly onFinding?: ((finding: Finding) => void) | undefined;
}

/**
 * Collects findings, leaving out those that the check directive or a `# check=skip=…` comment above the instruction
 * skips. A rule that the directive names in `experimental=` looks even so, as in BuildKit.
 */
export class Lint {
  readonly #findings: Finding[] = [];
  readonly #seen = new Set<string>();
  readonly #check: CheckOptions;
  readonly #options: LintOptions;

  constructor(check: CheckOptions, options: LintOptions) {
    this.#check = check;
    this.#options = options;
  }

  report(
    rule: RuleName,
    values: Readonly<Record<string, string>>,
    at: FindingPlace & { readonly rewrite?: readonly string[] },
  ): void {
    if (!this.#looks(rule, parseCheckComments(at.comments))) return;
    const described = describeRule(rule, values);
    const key = `${rule} ${at.location.startLine} ${described.message}`;
    if (this.#seen.has(key)) return;
    this.#seen.add(key);
    const { location, rewrite } = at;
    const finding: Finding = {
      rule,
      ...described,
      location,
      excerpt: excerpt(this.#options.lines, location),
      ...(rewrite === undefined ? {} : { rewrite }),
    };
    this.#findings.push(finding);
    this.#options.onFinding?.(finding);
  }

  /** The parser's findings, to be filtered like the others. */
  add(findings: readonly ParserFinding[]): void {
    for (const { rule, values = {}, ...place } of findings) this.report(rule, values, place);
  }

  /** Names of rules that do not exist, in the directive or in comments. */
  checkNames(options: CheckOptions, at: FindingPlace): void {
    for (const name of [...options.skip, ...options.experimental]) {
      if (name === '' || name in RULES) continue;
      this.report('UnknownLintRule', { name, near: didYouMean(name, RULE_NAMES) }, at);
    }
  }

  /** All findings, by line. @throws PolyarchError DOCKERFILE_LINT with `error=true` and any finding that counts */
  finish(): readonly Finding[] {
    const all = this.#findings.toSorted((a, b) => a.location.startLine - b.location.startLine);
    const counting = all.filter(({ rule }) => this.#isError(rule));
    const [first] = counting;
    if (first === undefined) return all;
    const place = `${first.location.file}:${first.location.startLine}`;
    const rules = [...new Set(counting.map(({ rule }) => rule))];
    throw new PolyarchError('DOCKERFILE_LINT', `${place}: ${first.message} (${first.rule})`, {
      hint: `${first.mend}; it is an error because of check=error=true`,
      details: { ...first.location, rules },
    });
  }

  #looks(rule: RuleName, comment: CheckOptions): boolean {
    const has = (list: 'skip' | 'experimental') => this.#check[list].includes(rule) || comment[list].includes(rule);
    if (RULES[rule].experimental === true) {
      return this.#check.experimentalAll || comment.experimentalAll || has('experimental');
    }
    return !this.#check.skipAll && !comment.skipAll && !has('skip');
  }

  /** Own rules are errors only by name: what builds with BuildKit builds here. */
  #isError(rule: RuleName): boolean {
    if (!this.#check.error) return false;
    return RULES[rule].owner === 'buildkit' || this.#check.experimental.includes(rule);
  }
}
