import { failure } from '../failure.ts';
import { parseBool } from '../scalars.ts';

/** What a check directive, a check comment or BUILDKIT_DOCKERFILE_CHECK wants of the lint. */
export interface CheckOptions {
  readonly skipAll: boolean;
  readonly skip: readonly string[];
  readonly experimentalAll: boolean;
  readonly experimental: readonly string[];
  /** Findings are an error. */
  readonly error: boolean;
}

const NOTHING: CheckOptions = { skipAll: false, skip: [], experimentalAll: false, experimental: [], error: false };
const HINT = 'write for instance check=skip=RuleA,RuleB;experimental=all;error=true, without blanks';

/**
 * Reads `skip=all|RULE,…;experimental=all|RULE,…;error=BOOL`, as BuildKit's linter does: names count in their exact
 * spelling. @throws PolyarchError DOCKERFILE_PARSE, without a place
 */
export function parseCheckOptions(text: string): CheckOptions {
  if (text.trim() === '') return NOTHING;
  const options = { ...NOTHING };
  const [first = '', second, ...rest] = text.trim().split(';');
  // No more than three are told apart, as in BuildKit.
  for (const field of [
    first,
    ...(second === undefined ? [] : [second]),
    ...(rest.length > 0 ? [rest.join(';')] : []),
  ]) {
    const equals = field.indexOf('=');
    if (equals < 0) throw failure(`check option ${JSON.stringify(field)} is not NAME=VALUE`, { hint: HINT });
    const key = field.slice(0, equals).trim();
    const value = field.slice(equals + 1).trim();
    Object.assign(options, readOption(key, value));
  }
  return options;
}

function readOption(key: string, value: string): Partial<CheckOptions> {
  const names = () => value.split(',').map((name) => name.trim());
  switch (key) {
    case 'skip':
      return value === 'all' ? { skipAll: true } : { skip: names() };
    case 'experimental':
      return value === 'all' ? { experimentalAll: true } : { experimental: names() };
    case 'error': {
      const error = parseBool(value);
      if (error === undefined) throw failure(`check option error=${value} is neither true nor false`, { hint: HINT });
      return { error };
    }
    default:
      throw failure(`there is no check option ${JSON.stringify(key)}`, { hint: HINT });
  }
}

/** What the directive says: its first word, as BuildKit reads it. @throws as parseCheckOptions */
export function parseCheckDirective(value: string | undefined): CheckOptions {
  return parseCheckOptions(value?.split(' ', 1)[0] ?? '');
}

const COMMENT = /^check[\t\n\f\r ]*=(.*)$/i;

/** What the first `check=…` among the comments above an instruction says; nothing when it cannot be read. */
export function parseCheckComments(comments: readonly string[] | undefined): CheckOptions {
  for (const comment of comments ?? []) {
    const value = COMMENT.exec(comment.trim())?.[1]?.trim();
    if (value === undefined || value === '') continue;
    try {
      return parseCheckDirective(value);
    } catch {
      return NOTHING;
    }
  }
  return NOTHING;
}
