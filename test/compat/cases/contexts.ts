import type { CompatCase } from '../case.ts';

const DIR = { files: { 'n/one': 'one\n', two: { text: 'two\n', mode: 0o751, owner: [3, 4] as const }, skip: 's\n' } };

/** Named contexts of every kind. */
export const cases: readonly CompatCase[] = [
  {
    name: 'a folder',
    dockerfile: 'FROM scratch\nCOPY --from=dir / /all\nCOPY --from=dir n/one /x',
    contexts: { dir: DIR },
  },
  {
    name: 'a folder with an ignore file',
    dockerfile: 'FROM scratch\nCOPY --from=dir . /',
    contexts: { dir: { files: { ...DIR.files, '.dockerignore': 'skip\n' } } },
  },
  {
    name: 'a folder in a mount',
    dockerfile: 'FROM busybox\nRUN --mount=from=dir,target=/d find /d | sort > /list',
    contexts: { dir: DIR },
  },
  {
    name: 'a folder instead of a stage',
    dockerfile: 'FROM busybox AS made\nRUN false\nFROM scratch\nCOPY --from=made /n /n',
    contexts: { made: DIR },
  },
  {
    name: 'a folder instead of an image',
    dockerfile: 'FROM scratch\nCOPY --from=some/image:tag /n /n',
    contexts: { 'some/image:tag': DIR },
  },
  {
    name: 'odd files of a folder, with its own ignore file',
    dockerfile: 'FROM scratch\nCOPY --from=dir / /to/\nCOPY . /own/',
    files: { '.dockerignore': 'to-file\nskip\n', skip: 's\n', two: '2\n' },
    contexts: {
      dir: {
        files: {
          ...DIR.files,
          '.dockerignore': '*\n!n\n!*-file\n!odd*\nn/none\n',
          'n/none': 'x\n',
          'to-file': { link: 'n/one' },
          'odd \n[x]*': { text: 'o\n', mode: 0o4711 },
          'odd-fifo': { special: 'fifo', mode: 0o640 },
          'n/sub': { special: 'folder', mode: 0o1777 },
          'n/hard': { hardlink: 'n/one' },
        },
      },
    },
  },
  { name: 'a folder in FROM', dockerfile: 'FROM dir\nENV a=b', contexts: { dir: DIR } },
  {
    name: 'an image instead of a stage',
    dockerfile: 'FROM busybox AS made\nRUN false\nFROM made\nRUN echo 1 > /f',
    contexts: { made: 'docker-image://alpine' },
  },
  {
    name: 'an image instead of an image',
    dockerfile: 'FROM none.invalid/x:1\nRUN echo 1 > /f',
    contexts: { 'none.invalid/x:1': 'docker-image://alpine:latest' },
  },
  {
    name: 'an image for a name in COPY',
    dockerfile: 'FROM scratch\nCOPY --from=other /etc/passwd /',
    contexts: { other: 'docker-image://busybox' },
  },
  {
    name: 'an image for a name of the Hub',
    dockerfile: 'FROM busybox\nRUN cat /etc/os-release > /f || true',
    contexts: { 'docker.io/library/busybox:latest': 'docker-image://alpine' },
  },
  {
    name: 'an image for a short name of the Hub',
    dockerfile: 'FROM docker.io/library/busybox:latest\nRUN true',
    contexts: { busybox: 'docker-image://alpine' },
  },
  {
    name: 'an image that is not there',
    dockerfile: '\nFROM x',
    contexts: { x: 'docker-image://busybox:none' },
    expect: 'failure',
  },
  { name: 'an OCI layout', dockerfile: 'FROM base\nRUN echo 1 > /f', contexts: { base: { layout: 'busybox' } } },
  {
    name: 'an OCI layout in COPY',
    dockerfile: 'FROM scratch\nCOPY --from=base /etc /etc',
    contexts: { base: { layout: 'alpine' } },
  },
  {
    name: 'an OCI layout for foreign platforms',
    dockerfile: 'FROM base\nRUN uname -m > /f',
    contexts: { base: { layout: 'busybox' } },
    platforms: ['linux/arm64', 'linux/arm/v7'],
  },
  {
    name: 'a repository',
    dockerfile: 'FROM scratch\nCOPY --from=repo sub /sub',
    contexts: { repo: '{{git}}/repo.git' },
  },
  {
    name: 'a repository at a branch and folder',
    dockerfile: 'FROM scratch\nCOPY --from=repo / /',
    contexts: { repo: '{{git}}/repo.git#other:sub' },
  },
  {
    name: 'a file of the web',
    dockerfile: 'FROM scratch\nCOPY --from=web / /',
    contexts: { web: '{{http}}/file.txt' },
  },
  {
    name: 'an archive of the web',
    dockerfile: 'FROM scratch\nCOPY --from=web / /',
    contexts: { web: '{{http}}/archive.tgz' },
  },
  {
    // buildctl cannot name a stage so: it is given the stage's own name.
    name: 'a stage of the same file',
    dockerfile:
      'ARG from=chosen\nFROM busybox AS made\nENV A=b\nWORKDIR /w\nRUN echo 1 > f\nFROM $from AS taken\nRUN echo $A > g\nFROM scratch\nCOPY --from=taken /w /w',
    flags: {
      polyarch: ['--build-context', 'chosen=target:made'],
      buildctl: ['--opt', 'build-arg:from=made'],
    },
  },
  {
    name: 'a stage of the same file, as the result',
    dockerfile: 'ARG from=chosen\nFROM busybox AS made\nENV A=b\nRUN echo 1 > f\nCMD ["c"]\nFROM $from\nLABEL l=m',
    flags: {
      polyarch: ['--build-context', 'chosen=target:made'],
      buildctl: ['--opt', 'build-arg:from=made'],
    },
  },
  {
    name: 'a name in other case',
    dockerfile: 'FROM scratch\nCOPY --from=DIR two /',
    contexts: { dir: DIR },
    expect: 'failure',
  },
];
