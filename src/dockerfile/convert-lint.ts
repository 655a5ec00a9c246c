import { PolyarchError } from '../util/error.ts';
import type { Location, Warning } from './ast.ts';

const RULE_PAGES = 'https://docs.docker.com/go/dockerfile/rule/';
const SECRET = /(?:_|^)(?:apikey|auth|credentials?|key|password|pword|passwd|secret|token)(?:_|$)/;
const NO_SECRET = /(?:_|^)(?:public|file|version)(?:_|$)/;
/** Rules that BuildKit does not have: never an error, so that what builds there builds here. */
const OWN_RULES: ReadonlySet<string> = new Set(['UnusedBuildArg', 'IgnoredFlag', 'InvalidUtf8']);

/**
 * Collects findings by BuildKit's rule names, leaving out those that the `check` directive or a `# check=skip=…`
 * comment of the instruction skips.
 */
export class Lint {
  readonly #warnings: Warning[] = [];
  readonly #seen = new Set<string>();
  readonly #check: Check;

  constructor(directive: string | undefined) {
    this.#check = parseCheck(directive ?? '');
  }

  warn(rule: string, message: string, at: { location: Location; comments?: readonly string[] }): void {
    if (skips(this.#check, rule)) return;
    if (at.comments?.some((comment) => skips(parseComment(comment), rule)) === true) return;
    const key = `${rule} ${at.location.startLine} ${message}`;
    if (this.#seen.has(key)) return;
    this.#seen.add(key);
    const page = rule.replaceAll(/([a-z])([A-Z])/g, '$1-$2').toLowerCase();
    this.#warnings.push({ rule, message, location: at.location, url: `${RULE_PAGES}${page}/` });
  }

  /** The parser's findings, to be filtered like the others. */
  add(warnings: readonly Warning[]): void {
    for (const warning of warnings) {
      if (warning.rule === 'NoEmptyContinuation') this.warn(warning.rule, 'Empty continuation line', warning);
      else if (!skips(this.#check, warning.rule)) this.#warnings.push(warning);
    }
  }

  /** @throws PolyarchError DOCKERFILE_LINT with `# check=error=true` and any finding */
  finish(): readonly Warning[] {
    const sorted = this.#warnings.toSorted((a, b) => a.location.startLine - b.location.startLine);
    const first = sorted.find((warning) => !OWN_RULES.has(warning.rule));
    if (this.#check.error && first !== undefined) {
      const place = `${first.location.file}:${first.location.startLine}`;
      throw new PolyarchError('DOCKERFILE_LINT', `${place}: ${first.message} (${first.rule})`, {
        hint: 'the directive check=error=true makes findings errors',
        details: { ...first.location, rules: sorted.map((warning) => warning.rule) },
      });
    }
    return sorted;
  }
}

export function looksSecret(name: string): boolean {
  // In lower case, as a pattern that ignores case takes a millisecond to compile.
  const lower = name.toLowerCase();
  return SECRET.test(lower) && !NO_SECRET.test(lower);
}

interface Check {
  readonly skip: 'all' | readonly string[];
  readonly error: boolean;
}

/** `skip=RuleA,RuleB;error=true`. */
function parseCheck(text: string): Check {
  const fields = new Map(
    text.split(';').map((field) => {
      const equals = field.indexOf('=');
      return [field.slice(0, Math.max(equals, 0)).trim(), field.slice(equals + 1).trim()];
    }),
  );
  const skip = fields.get('skip') ?? '';
  return {
    skip: skip === 'all' ? 'all' : skip.split(',').map((rule) => rule.trim()),
    error: ['1', 't', 'true'].includes((fields.get('error') ?? '').toLowerCase()),
  };
}

function parseComment(comment: string): Check {
  return parseCheck(/^\s*check\s*=\s*(.*)$/.exec(comment)?.[1] ?? '');
}

function skips(check: Check, rule: string): boolean {
  return check.skip === 'all' || check.skip.some((name) => name.toLowerCase() === rule.toLowerCase());
}

/** For `KEY value` where `KEY=value` is meant. */
export function warnLegacyPair(keyword: string, step: { warn(rule: string, message: string): void }): void {
  const name = keyword.toUpperCase();
  step.warn('LegacyKeyValueFormat', `"${name} key=value" should be used instead of legacy "${name} key value" format`);
}
