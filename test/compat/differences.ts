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
    title: 'An image whose programs are for another platform',
    text: 'BuildKit makes an image of `linux/amd64` out of the programs of `linux/arm64` and says nothing; it fails where it is run. polyarch fails before anything is pushed (`WRONG_ARCH`) where the program that the image starts, or one on its PATH, is for another platform. With `--arch-check=warn` or `off` the image is the same as BuildKit’s.',
    lines: /^polyarch fails, BuildKit does not: .*\[WRONG_ARCH\]/s,
    cases: ['FROM --platform of a stage'],
  },
  {
    title: 'An owner that the image does not know',
    text: 'For `--chown=NAME`, and for a WORKDIR after `USER NAME`, with a name that is not in the image, BuildKit gives the files to root and says nothing. polyarch fails (`USER_NOT_FOUND`, `GROUP_NOT_FOUND`) and names the nearest one: files of the wrong owner are noticed too late.',
    lines: /^polyarch fails, BuildKit does not: .*\[(?:USER|GROUP)_NOT_FOUND\]/s,
    cases: [
      '--chown of a user that is not there',
      '--chown of a group that is not there',
      'WORKDIR of a user that is not there',
    ],
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
    lines: /^buildkit fails at line 3-5, polyarch at 3\n/,
    cases: ['a heredoc that never ends'],
  },
  {
    title: 'A substitution behind other text, in EXPOSE',
    text: 'Of `EXPOSE 8${x:-080}`, BuildKit exposes 080: what stands before a `${x:-…}` (or another form with an operator) in the same word is lost, there and in the name of a heredoc. polyarch exposes 8080.',
    lines: /^\S+ config\.(?:config\.ExposedPorts\.|history\.0\.created_by)/,
    cases: ['text before a substitution in EXPOSE'],
  },
  {
    title: 'Checksums other than SHA-256',
    text: 'BuildKit takes `ADD --checksum=sha512:…` and then compares it with the SHA-256 of the file, so that it always fails. polyarch compares it with the file’s SHA-512.',
    lines: /BuildKit fails, polyarch does not|digest mismatch sha256:/,
    cases: ['a checksum of another kind'],
  },
  {
    title: '`--target` by number',
    text: 'BuildKit knows stages by their names only. polyarch also takes their places in the file, counted from 0, as `COPY --from` does.',
    lines: /BuildKit fails, polyarch does not|target stage "0" could not be found/,
    cases: ['the stage that is built, by its number'],
  },
  {
    title: 'Extended attributes',
    text: 'In a layer that BuildKit makes, `security.capability` is the only extended attribute: what an archive or a step sets besides is lost on the way into the image. polyarch keeps all but those of the machine itself (labels of SELinux and the like), those of a local context too.',
    lines: /^\S+ \S+ xattr (?!security\.capability)\S+: buildkit nothing, polyarch/,
  },
  {
    title: 'Hard links to a file of a lower layer',
    text: 'When a step links a new name to a file of a layer below, BuildKit writes the new name as a file of its own. polyarch keeps the link.',
    lines: /^\S+ \S+ names: buildkit nothing, polyarch/,
    cases: ['hard links into lower layers'],
  },
  {
    title: 'An archive that climbs out',
    text: 'For a member such as `../up`, BuildKit’s ADD drops the `..`. polyarch refuses the archive (`ARCHIVE_UNSAFE`): nobody makes such a name with good intent.',
    lines: /^polyarch fails, BuildKit does not: .*\[ARCHIVE_UNSAFE\]/s,
    cases: ['a path that goes up'],
  },
  {
    title: 'A `.git` that is kept',
    text: 'BuildKit leaves tags in it that are named after the branches which its daemon fetched until then. polyarch writes the ref that was asked for, and nothing else.',
    lines: /^\S+ \/refs content: buildkit/,
    cases: ['keep-git-dir', 'keep-git-dir without a value', 'keep-git-dir of a tag', '--keep-git-dir'],
  },
  {
    title: 'The `.git` files of submodules',
    text: 'BuildKit leaves a file `.git` in each submodule, which names a folder of the daemon that the build does not see, so that git fails there. polyarch leaves it out, unless the `.git` of the whole is kept.',
    lines: /^\S+ \S+\/inner\/\.git \S+: buildkit .*, polyarch nothing$/,
    cases: ['submodules', 'a context with its submodules'],
  },
  {
    title: 'The time of the commit, of a folder',
    text: 'For `?mtime=commit` (and SOURCE_DATE_EPOCH) together with a folder of the repository, BuildKit fails, or dates the files as it fetched them. polyarch gives them the time of the commit.',
    lines: /^\S+ \/1\/\S+ mtime: buildkit now, polyarch 1600000000$/,
    cases: ['mtime of the commit'],
  },
  {
    title: 'Capabilities of files in a context',
    text: 'BuildKit drops the file capabilities (`security.capability`) that files of a local context have. polyarch keeps them, as it keeps their other extended attributes.',
    lines: /^\S+ \S+ xattr security\.capability: buildkit nothing, polyarch/,
    cases: ['extended attributes'],
  },
  {
    title: 'Devices of a context',
    text: 'BuildKit runs as root of the machine and copies device nodes. polyarch’s builds run in a user namespace, where none can be made: it leaves them out with a warning. Those in the layers of images are kept.',
    lines: /^\S+ \/to\/(?:d\/)?null \S+: buildkit .*, polyarch nothing$/,
    cases: ['a device'],
  },
  {
    title: '`BUILDKIT_SYNTAX=dockerfile.v0`',
    text: 'BuildKit’s manual has this name for the frontend that is built in, whatever `# syntax=` says; BuildKit itself asks the registry for an image of that name. polyarch does what the manual says.',
    lines: /BuildKit fails, polyarch does not|dockerfile\.v0:latest: not found/,
    cases: ['the frontend, asked for as the one that there is'],
  },
  {
    title: 'Sockets of a context',
    text: 'BuildKit makes an empty file of a socket in the context. polyarch leaves sockets out: nothing can be done with what they become.',
    lines: /^\S+ \/to\/sock \S+: buildkit .*, polyarch nothing$/,
    cases: ['a socket is left out'],
  },
  {
    title: 'A backslash before a letter in an ignore file',
    text: 'In BuildKit `\\a` in a pattern is what it is in a regular expression, there the bell character. In polyarch it is the letter, as in a wildcard of COPY.',
    lines: /^\S+ \/\d+\/a\.txt \S+: buildkit .*, polyarch nothing$/,
    cases: ['every rule, in named contexts'],
  },
  {
    title: 'A folder as a base',
    text: 'For `FROM NAME`, where NAME is a folder given by `--build-context`, the history of BuildKit says `local source for NAME`. polyarch says only that the layer is no instruction of the Dockerfile.',
    lines:
      /config\.history\.\d+\.(?:created_by: buildkit "local source for dir", polyarch nothing|comment: buildkit "buildkit\.exporter\.image\.v0", polyarch "polyarch\.exporter\.image\.v0")$/,
    cases: ['a folder in FROM'],
  },
  {
    title: '`/sys` without a network',
    text: 'In a step with `--network=none`, `/sys/class/net` shows the interfaces of the machine, as `/sys` is that of the machine. In BuildKit it is the step’s own. No program can use them in either.',
  },
  {
    title: 'Windows',
    text: 'Paths, images and accounts of Windows are not known; BuildKit has them for its Windows workers.',
  },
];

/** The table as sections of a page. */
export function renderDifferences(): string {
  return differences.map(({ title, text }) => `## ${title}\n\n${text}\n`).join('\n');
}
