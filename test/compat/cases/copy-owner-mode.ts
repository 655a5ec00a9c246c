import { packTar } from '../../support/pack-tar.ts';
import type { CompatCase, CompatFiles } from '../case.ts';

const FILES: CompatFiles = {
  file: 'f\n',
  program: { text: 'p\n', mode: 0o755 },
  odd: { text: 'o\n', mode: 0o4711 },
  'dir/file': { text: 'd\n', mode: 0o600, owner: [7, 8] },
  'dir/sub/link': { link: '../file' },
  'dir/sub/shut': { special: 'folder', mode: 0o700 },
};
const USERS =
  'FROM busybox\nRUN printf "root:x:0:0::/:/bin/sh\\napp:x:1234:4321::/home/app:/bin/sh\\nnum:x:5:6::/:/bin/sh\\n" > /etc/passwd && printf "root:x:0:\\nstaff:x:50:\\napp:x:4321:\\n" > /etc/group\n';

/** --chown and --chmod, and what a context's own owners and modes become. */
export const cases: readonly CompatCase[] = [
  { name: 'without flags', dockerfile: 'FROM busybox\nCOPY . /to/', files: FILES },
  {
    name: '--chown of every kind',
    dockerfile:
      USERS +
      ['1:2', '7', '0:50', 'app', 'app:staff', 'app:77', '99:staff', 'num', 'root:root', '2147483647:2147483647']
        .map((value, index) => `COPY --chown=${value} file dir /${index}/\n`)
        .join(''),
    files: FILES,
  },
  {
    name: '--chown with variables',
    dockerfile: `${USERS}ARG u=app\nENV g=staff\nCOPY --chown=$u:\${g} file /x\nARG m=640\nCOPY --chmod=$m file /y`,
    files: FILES,
  },
  {
    name: '--chown of a user that is not there',
    dockerfile: `${USERS}\nCOPY --chown=nobody-here file /x`,
    files: FILES,
  },
  {
    name: '--chown of a group that is not there',
    dockerfile: `${USERS}\nCOPY --chown=app:nothing file /x`,
    files: FILES,
  },
  {
    name: '--chown by name in an empty image',
    dockerfile: 'FROM scratch\nCOPY --chown=app file /x',
    files: FILES,
    expect: 'failure',
  },
  { name: '--chown by id in an empty image', dockerfile: 'FROM scratch\nCOPY --chown=12 file /x/y', files: FILES },
  {
    name: '--chown is not USER',
    dockerfile: `${USERS}USER app\nCOPY file /x\nADD file /y\nWORKDIR /made/here\nRUN touch /tmp/z && id -u > /tmp/id`,
    files: FILES,
  },
  { name: '--chown of an ADD', dockerfile: `${USERS}ADD --chown=app:staff --chmod=0750 file dir /to/`, files: FILES },
  {
    name: '--chown from a stage keeps nothing of the old owner',
    dockerfile: `${USERS}RUN mkdir /d && touch /d/f && chown -R app:staff /d\nFROM busybox\nCOPY --from=0 /d /kept\nCOPY --from=0 --chown=3:4 /d /new`,
  },
  {
    name: '--chown by name of what comes from elsewhere',
    dockerfile: `${USERS}COPY --from=alpine --chown=app:staff /etc/passwd /image\nCOPY --from=dir --chown=num . /dir/\nADD --chown=app a.tar /tar/\nADD --chown=app --chmod=u=rw,go= {{http}}/file.txt /web\nADD --chown=num:app {{git}}/repo.git#main:sub /git/\nCOPY --chown=app <<E /here/doc\nE\n`,
    files: { 'a.tar': packTar([{ path: 'in/f', type: 'file', text: 'f\n', uid: 3, gid: 4, mtime: 1_500_000_000 }]) },
    contexts: { dir: { files: { 'd/f': 'f\n' } } },
  },
  {
    name: '--chmod of every kind',
    dockerfile: `FROM busybox\n${[
      '755',
      '0644',
      '4755',
      '7',
      '0',
      'u=rwx,go=rx',
      'a+x',
      'go-rwx',
      'u+s',
      'g=u',
      'a=rX',
      '+x',
      'u=rw,g=r,o=',
      '-w',
      'a+t',
    ]
      .map(
        (value, index) => `COPY --chmod=${value} file program odd /${index}/\nCOPY --chmod=${value} dir /d${index}\n`,
      )
      .join('')}`,
    files: FILES,
  },
  ...['9', '77777', 'u', 'rwx', 'z+x', 'u=rwq'].map((value) => ({
    name: `--chmod=${value}, which is wrong`,
    dockerfile: `FROM busybox\n\nCOPY --chmod=${value} file /x`,
    files: FILES,
    expect: 'failure' as const,
  })),
  {
    name: '--chmod and links',
    dockerfile: 'FROM busybox\nCOPY --chmod=600 l /x\nCOPY --chmod=711 d /d',
    files: { f: 'f\n', l: { link: 'f' }, 'd/l': { link: '../f' } },
  },
  {
    name: '--chown of folders made on the way',
    dockerfile: 'FROM busybox\nCOPY --chown=5:6 --chmod=750 file /a/b/c/\nCOPY --chown=5:6 dir /d/e',
    files: FILES,
  },
  {
    name: '--chown of folders that are there',
    dockerfile: 'FROM busybox\nRUN mkdir -p /d/sub\nCOPY --chown=5:6 --chmod=700 dir /d',
    files: FILES,
  },
  {
    name: '--link with owner and mode',
    dockerfile: `${USERS}COPY --link --chown=12:34 --chmod=640 file dir /a/b/`,
    files: FILES,
  },
  {
    name: '--link with an owner by name',
    dockerfile: `${USERS}\nCOPY --link --chown=app file /x`,
    files: FILES,
    expect: 'failure',
  },
];
