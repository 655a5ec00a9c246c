import type { CompatCase, CompatFiles } from '../case.ts';

const TREE: CompatFiles = {
  'top.txt': 't\n',
  'src/a.ts': 'a\n',
  'src/a.test.ts': 'at\n',
  'src/lib/b.ts': 'b\n',
  'src/lib/b.test.ts': 'bt\n',
  'src/lib/deep/c.ts': 'c\n',
  'packages/one/package.json': '1\n',
  'packages/two/package.json': '2\n',
  'packages/two/sub/package.json': '3\n',
  'packages/two/shut': { special: 'folder', mode: 0o700 },
  l: { link: 'src/lib' },
};
const on = (line: string): string => `FROM busybox\n${line}\n`;

/** --link, --parents, --exclude and --from. */
export const cases: readonly CompatCase[] = [
  { name: '--link', dockerfile: on('COPY --link src /a/b'), files: TREE },
  {
    name: '--link over what is there',
    dockerfile: on(
      'RUN mkdir -p /etc/app && echo 1 > /etc/app/old\nCOPY --link top.txt /etc/app/\nCOPY --link src /etc/app',
    ),
    files: TREE,
  },
  {
    name: '--link over a link',
    dockerfile: on('RUN mkdir /real && ln -s real /l\nCOPY --link top.txt /l/x'),
    files: TREE,
  },
  { name: '--link to a relative place', dockerfile: on('WORKDIR /w/v\nCOPY --link top.txt src x/'), files: TREE },
  {
    name: '--link of several, and ADD',
    dockerfile: on('COPY --link top.txt /x\nADD --link src /y/\nRUN ls / > /list'),
    files: TREE,
  },
  { name: '--link=false', dockerfile: on('COPY --link=false src /x'), files: TREE },
  {
    name: '--link with all other flags',
    dockerfile: on(
      'COPY --link --parents --exclude=**/*.test.ts --chown=1:2 --chmod=u=rwX,go= src ./packages/./two /to/\nADD --link --exclude=lib src /add/',
    ),
    files: TREE,
  },
  {
    name: '--link from a stage and an image',
    dockerfile:
      'FROM busybox AS s\nRUN mkdir -p /a/b && echo 1 > /a/b/f && ln -s b /a/l && chown 3:4 /a/b\nFROM busybox\nCOPY --link --from=s /a /to\nCOPY --link --from=s /a/l/f /x/y\nCOPY --link --from=alpine /etc/passwd /z/',
  },
  { name: '--parents of a file', dockerfile: on('COPY --parents src/lib/b.ts /to/'), files: TREE },
  { name: '--parents of a wildcard', dockerfile: on('COPY --parents packages/*/package.json ./to/'), files: TREE },
  { name: '--parents with **', dockerfile: on('COPY --parents **/package.json /to/'), files: TREE },
  { name: '--parents with ** in the middle', dockerfile: on('COPY --parents src/**/*.ts /to'), files: TREE },
  {
    name: '--parents with a pivot',
    dockerfile: on('COPY --parents ./packages/./two/sub/package.json src/./lib/ /to/'),
    files: TREE,
  },
  {
    name: '--parents with a pivot and a wildcard',
    dockerfile: on('COPY --parents ./packages/./*/package.json /to/'),
    files: TREE,
  },
  { name: '--parents of folders', dockerfile: on('COPY --parents packages/two src/lib /to/'), files: TREE },
  {
    name: '--parents with owner and mode',
    dockerfile: on('COPY --parents --chown=1:2 --chmod=711 src/lib/b.ts packages/two/shut /to/'),
    files: TREE,
  },
  { name: '--parents through a link', dockerfile: on('COPY --parents l/b.ts /to/'), files: TREE, expect: 'failure' },
  {
    name: '--parents from a stage',
    dockerfile:
      'FROM busybox AS s\nRUN mkdir -p /a/b/c && echo 1 > /a/b/c/f && chown 3:4 /a/b && chmod 700 /a/b/c\nFROM busybox\nCOPY --parents --from=s /a/b/c/f /to/\nCOPY --parents --from=s /a/./b/c/* /pivot/',
  },
  {
    name: '--parents that matches nothing',
    dockerfile: on('COPY --parents none/*.x /to/'),
    files: TREE,
  },
  { name: '--exclude', dockerfile: on('COPY --exclude=**/*.test.ts src /to/'), files: TREE },
  { name: '--exclude at the top only', dockerfile: on('COPY --exclude=*.test.ts src /to/'), files: TREE },
  { name: '--exclude of several', dockerfile: on('COPY --exclude=lib/deep --exclude=a.* src /to/'), files: TREE },
  {
    name: '--exclude with an exception',
    dockerfile: on('COPY --exclude=lib --exclude=!lib/b.ts src /to/'),
    files: TREE,
  },
  { name: '--exclude of all', dockerfile: on('COPY --exclude=* src /to/'), files: TREE },
  { name: '--exclude with a wildcard source', dockerfile: on('COPY --exclude=*.test.ts src/* /to/'), files: TREE },
  {
    name: '--exclude with several sources',
    dockerfile: on('COPY --exclude=*/package.json --exclude=top.txt packages top.txt src /to/'),
    files: TREE,
  },
  { name: '--exclude with --parents', dockerfile: on('COPY --parents --exclude=**/sub packages/ /to/'), files: TREE },
  { name: '--exclude with variables', dockerfile: on('ARG skip=lib\nCOPY --exclude=$skip src /to/'), files: TREE },
  {
    name: '--exclude from a stage',
    dockerfile:
      'FROM busybox AS s\nRUN mkdir -p /a/b && touch /a/x.o /a/x.c /a/b/y.o\nFROM busybox\nCOPY --from=s --exclude=**/*.o /a /to',
  },
  { name: '--exclude of ADD', dockerfile: on('ADD --exclude=*.test.ts src /to/'), files: TREE },
  {
    name: '--from a stage by number',
    dockerfile:
      'FROM busybox\nRUN echo 0 > /f\nFROM busybox\nRUN echo 1 > /f\nFROM scratch\nCOPY --from=0 /f /zero\nCOPY --from=1 /f /one',
  },
  {
    name: '--from a stage, in other case',
    dockerfile: 'FROM busybox AS Build\nRUN echo 0 > /f\nFROM scratch\nCOPY --from=BUILD /f /',
  },
  {
    name: '--from an image',
    dockerfile:
      'FROM scratch\nCOPY --from=busybox /etc/ /etc\nCOPY --from=docker.io/library/alpine:latest /etc/os-release* /bin/busy* /x/',
  },
  {
    name: '--from a name of an earlier stage twice',
    dockerfile:
      'FROM busybox AS s\nRUN echo 0 > /f\nFROM busybox AS s\nRUN echo 1 > /f\nFROM scratch\nCOPY --from=s /f /',
  },
  {
    name: '--from a stage by its wildcard',
    dockerfile:
      'FROM busybox AS s\nRUN mkdir /o && cd /o && touch a.so b.so c.a\nFROM scratch\nCOPY --from=s /o/*.so /lib/',
  },
  {
    name: '--from a stage relative to its root',
    dockerfile: 'FROM busybox AS s\nWORKDIR /o\nRUN echo 1 > f\nFROM scratch\nWORKDIR /t\nCOPY --from=s o/f ./',
  },
  {
    name: '--from a later stage',
    dockerfile: 'FROM busybox AS a\n\nCOPY --from=b /f /\nFROM busybox AS b\n',
  },
  { name: '--from itself', dockerfile: 'FROM busybox AS a\nRUN true\nCOPY --from=a /f /\n', expect: 'failure' },
  {
    name: '--from a stage without the file',
    dockerfile: 'FROM busybox AS a\nFROM busybox\nCOPY --from=a /none /\n',
    expect: 'failure',
  },
  {
    name: '--from with a variable',
    dockerfile: 'ARG s=one\nFROM busybox AS one\nRUN echo 1 > /f\nFROM scratch\nARG s\nCOPY --from=$s /f /',
    expect: 'failure',
  },
  { name: 'a flag that is not there', dockerfile: on('\nCOPY --form=x a /'), expect: 'failure' },
  { name: 'a flag with no value', dockerfile: on('COPY --chown a /'), expect: 'failure' },
  { name: 'too few words', dockerfile: on('COPY a'), expect: 'failure' },
];
