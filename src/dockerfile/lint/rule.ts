/** What a rule of the lint is, told as data; docs/lint.md is made of it. */
export interface LintRule {
  /** BuildKit's rule, detected as BuildKit does; or one of this project's own. */
  readonly owner: 'buildkit' | 'polyarch';
  /** In one sentence, what it looks for. */
  readonly summary: string;
  /** The finding, with `{name}` for what is filled in. */
  readonly message: string;
  /** What to do about it. */
  readonly mend: string;
  /** A Dockerfile in which it finds something. */
  readonly bad: string;
  /** The same, mended. */
  readonly good: string;
  /** Looks only when it is named by `experimental=` in the check directive. */
  readonly experimental?: true;
  /** Depends on the platforms that are built. */
  readonly platforms?: true;
  /** BuildKit has no page about it. */
  readonly withoutPage?: true;
}

const BUILDKIT_PAGES = 'https://docs.docker.com/go/dockerfile/rule/';
const OWN_PAGE = 'docs/lint.md';

/** Where a person reads about a rule: BuildKit's page, or the heading in docs/lint.md. */
export function ruleUrl(name: string, rule: LintRule): string {
  if (rule.owner === 'polyarch' || rule.withoutPage === true) return `${OWN_PAGE}#${name.toLowerCase()}`;
  const words = name.replaceAll(/[a-z](?=[A-Z])|[A-Z](?=[A-Z][a-z])/g, '$&-');
  return `${BUILDKIT_PAGES}${words.toLowerCase()}/`;
}
