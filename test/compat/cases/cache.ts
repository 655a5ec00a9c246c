import type { CompatCase, CompatFile, CompatFiles } from '../case.ts';

/** A stage with files of its own, `{{d}}/…`, before a change and after it. */
interface Change {
  readonly name: string;
  readonly stage: string;
  readonly after?: string;
  readonly files?: CompatFiles;
  /** Undefined is a file that is gone. */
  readonly changed?: Readonly<Record<string, CompatFile | undefined>>;
}

const FILES = { a: 'a\n', b: 'b\n', 'd/c': 'c\n', 'd/e': 'e\n' };
const COPIES = 'RUN echo 1 > /one\nCOPY {{d}}/a /\nRUN echo 2 > /two\nCOPY {{d}}/d /d\nRUN echo 3 > /three';
const copies = (name: string, changed: Change['changed'] = {}): Change => ({ name, stage: COPIES, changed });
const becomes = (name: string, stage: string, after: string): Change => ({ name, stage, after });
const STEP = 'RUN echo 1 > /tmp/one';

const CHANGES: readonly Change[] = [
  copies('nothing'),
  copies('a file', { a: 'other\n' }),
  copies('a file more', { 'd/new': '' }),
  copies('a file less', { 'd/e': undefined }),
  copies('another name', { 'd/e': undefined, 'd/f': 'e\n' }),
  copies('what is not copied', { b: 'other\n', z: 'z\n' }),
  copies('a time', { a: { text: 'a\n', mtime: 1_500_000_000 } }),
  copies('a mode', { a: { text: 'a\n', mode: 0o755 } }),
  copies('an owner', { a: { text: 'a\n', owner: [5, 6] } }),
  copies('a link', { 'd/c': { link: 'e' } }),
  { name: 'what is ignored', stage: `COPY {{d}} /x\n${STEP}`, changed: { ignored: 'other\n' } },
  { name: 'what no wildcard matches', stage: `COPY {{d}}/d/* /x/\n${STEP}`, changed: { 'e/c': '' } },
  becomes('the owner', `COPY --chown=1 {{d}}/a /\n${STEP}`, `COPY --chown=2 {{d}}/a /\n${STEP}`),
  becomes('the mode', `COPY --chmod=600 {{d}}/a /\n${STEP}`, `COPY --chmod=0600 {{d}}/a /\n${STEP}`),
  becomes('the destination', 'COPY {{d}}/a /x', 'COPY {{d}}/a /y'),
  becomes('a heredoc', `COPY <<E /x\n1\nE\n${STEP}`, `COPY <<E /x\n2\nE\n${STEP}`),
  { name: 'an argument', stage: `${STEP}\nARG changed\nRUN echo 2 > /two\nCOPY {{d}}/a /` },
  { name: 'an argument of a label', stage: `${STEP}\nARG changed\nLABEL l=$changed\nCOPY {{d}}/a /` },
  { name: 'an argument of the path', stage: `ARG changed\nCOPY {{d}}/a /$changed\n${STEP}` },
  { name: 'no argument', stage: `ARG same\n${STEP}` },
  becomes('ENV', `ENV A=1\n${STEP}\nCOPY {{d}}/a /`, `ENV A=2\n${STEP}\nCOPY {{d}}/a /`),
  becomes(
    'config',
    `LABEL a=1\nEXPOSE 1\nCMD ["a"]\n${STEP}`,
    `LABEL a=2\nVOLUME /v\nCMD ["b"]\nHEALTHCHECK CMD x\nSTOPSIGNAL 9\n${STEP}`,
  ),
  becomes('WORKDIR', `WORKDIR /a\n${STEP}`, `WORKDIR /b\n${STEP}`),
  becomes('USER', `USER 1\n${STEP}`, `USER 2\n${STEP}`),
  becomes('SHELL', STEP, `SHELL ["/bin/sh", "-ec"]\n${STEP}`),
  becomes('the layout', `${STEP}\nCOPY {{d}}/a /`, `# a comment\n\n${STEP}\ncopy   {{d}}/a \\\n  /`),
  becomes('blanks in a command', 'RUN echo 1 > /one', 'RUN echo  1 > /one'),
  becomes('the network', STEP, 'RUN --network=none echo 1 > /tmp/one'),
  becomes(
    '--link on another base',
    'RUN echo 1 > /l\nCOPY --link {{d}}/a /x/',
    'RUN echo 2 > /l\nCOPY --link {{d}}/a /x/',
  ),
  {
    name: 'a mounted file',
    stage: 'RUN --mount=target=/m,source={{d}}/d cat /m/c > /one',
    changed: { 'd/c': 'other\n' },
  },
  {
    name: 'a file beside it',
    stage: 'RUN --mount=target=/m,source={{d}}/d cat /m/c > /one',
    changed: { a: 'other\n' },
  },
  { name: 'a secret', stage: 'RUN --mount=type=secret,id=s cat /run/secrets/s > /secret' },
  { name: 'what is remote', stage: 'ADD {{http}}/file.txt /\nADD {{git}}/repo.git#other /r' },
  becomes(
    'a commit with the same folder',
    `ADD {{git}}/repo.git#main:sub /r\n${STEP}`,
    `ADD {{git}}/repo.git#other:sub /r\n${STEP}`,
  ),
];

/** Changes at once, each in a stage of its own; `after` them or before. */
function dockerfile(changes: readonly Change[], after: boolean): string {
  const stages = changes.map(({ name, stage, after: then }, index) => {
    const text = (after ? (then ?? stage) : stage).replaceAll('{{d}}', `s${index}`);
    // What every stage begins with makes its steps its own.
    return `FROM busybox AS s${index}\nRUN echo ${name} > /number\n${text}\n`;
  });
  const made = `FROM busybox AS made\nRUN echo ${changes.length} ${changes[0]?.name} > /made # ${after ? 'after' : 'before'}\nFROM busybox AS taker\nCOPY --from=made /made /\nRUN cat /made > /taken\n`;
  const all = changes.map((_change, index) => `COPY --from=s${index} /number /${index}\n`);
  return `${stages.join('')}${made}FROM scratch\n${all.join('')}COPY --from=taker /taken /\n`;
}

function files(changes: readonly Change[], after: boolean): CompatFiles {
  const all: Record<string, CompatFile> = { '.dockerignore': '*/ignored\n' };
  for (const [index, { files: own = FILES, changed = {} }] of changes.entries()) {
    for (const [name, file] of Object.entries(after ? { ...own, ...changed } : own))
      if (file !== undefined) all[`s${index}/${name}`] = file;
  }
  return all;
}

const global = (name: string, args: readonly [Record<string, string>, Record<string, string>]): CompatCase => ({
  name: `cache: ${name}`,
  dockerfile: `FROM busybox\nRUN echo ${name.replaceAll(/\W/g, '-')} > /one\nCOPY a /\n`,
  files: { a: 'a\n' },
  args: args[0],
  again: { args: args[1] },
});

/** What of a second build is taken from the cache of the first. */
export const cases: readonly CompatCase[] = [
  ...[0, 1, 2].map((part): CompatCase => {
    const changes = CHANGES.filter((_change, index) => index % 3 === part);
    return {
      name: `cache: changes, each in a stage of its own (${part + 1})`,
      dockerfile: dockerfile(changes, false),
      files: files(changes, false),
      args: { changed: '1', same: 'x' },
      secrets: { s: 'one' },
      again: {
        dockerfile: dockerfile(changes, true),
        files: files(changes, true),
        args: { changed: '2', same: 'x' },
        secrets: { s: 'two' },
      },
    };
  }),
  global('another time', [{ SOURCE_DATE_EPOCH: '1000000' }, { SOURCE_DATE_EPOCH: '2000000' }]),
  global('another host', [{ BUILDKIT_SANDBOX_HOSTNAME: 'a' }, { BUILDKIT_SANDBOX_HOSTNAME: 'b' }]),
  global('another proxy', [{ HTTP_PROXY: 'http://a.test' }, { HTTP_PROXY: 'http://b.test' }]),
];
