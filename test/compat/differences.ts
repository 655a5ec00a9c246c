/** A difference from BuildKit that is meant. docs/compatibility.md is made of these (see test/compatibility.test.ts). */
export interface Difference {
  readonly title: string;
  /** What BuildKit does, what polyarch does, and why, as the page says it. */
  readonly text: string;
  /** Lines of a comparison (see compare.ts) that it explains; without it no case shows it. */
  readonly lines?: RegExp;
  /** Names of the cases in which it may be; default any. */
  readonly cases?: readonly string[];
}

export const differences: readonly Difference[] = [
  {
    title: 'The variant of arm64',
    text: 'BuildKit leaves the variant of `linux/arm64` out of the config and the index. polyarch writes `v8`, as the registry says and as containerd reads it.',
    lines: /^linux\/arm64 config\.variant: buildkit nothing, polyarch "v8"$/,
  },
  {
    title: 'An owner that the image does not know',
    text: 'For `--chown=NAME` with a name that is not in the image, BuildKit gives the files to root and says nothing. polyarch fails (`USER_NOT_FOUND`, `GROUP_NOT_FOUND`) and names the nearest one: files of the wrong owner are noticed too late.',
    lines: /^polyarch fails, BuildKit does not: .*\[(?:USER|GROUP)_NOT_FOUND\]/s,
    cases: ['--chown of a user that is not there', '--chown of a group that is not there'],
  },
];

/** The table as sections of a page. */
export function renderDifferences(): string {
  return differences.map(({ title, text }) => `## ${title}\n\n${text}\n`).join('\n');
}
