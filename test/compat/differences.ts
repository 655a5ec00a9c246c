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
  {
    title: 'An image without layers',
    text: 'BuildKit writes `null` for its `created`, its `history` and its lists of layers. polyarch leaves a time out that there is not, and writes empty lists, as the image specification asks for lists.',
    lines: /^\S+ config\.(?:created|history|rootfs\.diff_ids): buildkit null, polyarch (?:nothing|\[\]|0 of them)$/,
  },
  {
    title: 'A directive given twice',
    text: 'BuildKit names the line before it. polyarch names the line of the second one.',
    lines: /^buildkit fails at line 1, polyarch at 2\n/,
    cases: ['an escape directive twice'],
  },
  {
    title: 'A heredoc that never ends',
    text: 'BuildKit marks everything to the end of the file. polyarch marks the instruction, and the heredoc in it.',
    lines: /^buildkit fails at line 3,4,5, polyarch at 3\n/,
    cases: ['a heredoc that never ends'],
  },
  {
    title: '`--target` by number',
    text: 'BuildKit knows stages by their names only. polyarch also takes their places in the file, counted from 0, as `COPY --from` does.',
    lines: /BuildKit fails, polyarch does not|target stage "0" could not be found/,
    cases: ['the stage that is built, by its number'],
  },
];

/** The table as sections of a page. */
export function renderDifferences(): string {
  return differences.map(({ title, text }) => `## ${title}\n\n${text}\n`).join('\n');
}
