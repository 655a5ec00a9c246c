import type { Location } from '../ast.ts';
import type { RuleName } from './rules.ts';

/** Where a rule found something, and the comments that may skip it. */
export interface FindingPlace {
  readonly location: Location;
  /** Comment lines above the instruction, without `#`. */
  readonly comments?: readonly string[];
}

/** What the parser found, to be reported when it is known which rules are skipped. */
export interface ParserFinding extends FindingPlace {
  readonly rule: RuleName;
  readonly values?: Readonly<Record<string, string>>;
}

/** What a rule found in a Dockerfile. */
export interface Finding {
  readonly rule: RuleName;
  /** What the rule looks for. */
  readonly summary: string;
  /** What it found. */
  readonly message: string;
  /** What to do about it. */
  readonly mend: string;
  readonly url: string;
  readonly location: Location;
  /** The lines around it, marked. */
  readonly excerpt: string;
  /** Lines to write instead; only where they can be given. */
  readonly rewrite?: readonly string[];
}
