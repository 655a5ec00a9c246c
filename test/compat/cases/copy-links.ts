import type { CompatCase, CompatFiles } from '../case.ts';

const LINKS: CompatFiles = {
  'real/file': 'file\n',
  'real/sub/inner': 'inner\n',
  'to-file': { link: 'real/file' },
  'to-folder': { link: 'real' },
  'to-sub': { link: 'to-folder/sub' },
  absolute: { link: '/real/file' },
  outside: { link: '../../../etc/hostname' },
  dangling: { link: 'nowhere' },
  loop: { link: 'loop' },
  'tree/inner-link': { link: '../real/file' },
  'tree/self': { link: '.' },
  'tree/x': 'x\n',
};

/** Symbolic and hard links in the source and in the destination. */
export const cases: readonly CompatCase[] = [
  { name: 'a link to a file is followed', dockerfile: 'FROM busybox\nCOPY to-file /x\nCOPY to-file /d/', files: LINKS },
  {
    name: 'a link to a folder is followed',
    dockerfile: 'FROM busybox\nCOPY to-folder /x\nCOPY to-folder/ /y/',
    files: LINKS,
  },
  { name: 'a path through links', dockerfile: 'FROM busybox\nCOPY to-folder/sub/inner to-sub/inner /x/', files: LINKS },
  {
    name: 'a link to an absolute path stays in the context',
    dockerfile: 'FROM busybox\nCOPY absolute /x',
    files: LINKS,
  },
  { name: 'a link out of the context', dockerfile: 'FROM busybox\n\nCOPY outside /x', files: LINKS, expect: 'failure' },
  { name: 'a dangling link', dockerfile: 'FROM busybox\nCOPY dangling /x', files: LINKS, expect: 'failure' },
  { name: 'a link to itself', dockerfile: 'FROM busybox\nCOPY loop /x', files: LINKS, expect: 'failure' },
  { name: 'links in a folder stay links', dockerfile: 'FROM busybox\nCOPY tree /x', files: LINKS },
  { name: 'links that a wildcard finds', dockerfile: 'FROM busybox\nCOPY to-* /x/', files: LINKS },
  {
    name: 'a link that a wildcard finds, with dangling ones',
    dockerfile: 'FROM busybox\nCOPY d* /x/',
    files: LINKS,
    expect: 'failure',
  },
  { name: 'all links of the context', dockerfile: 'FROM scratch\nCOPY . /', files: LINKS },
  {
    name: 'hard links of a folder',
    dockerfile: 'FROM busybox\nCOPY . /x/',
    files: { 'd/one': '1\n', 'd/two': { hardlink: 'd/one' }, three: { hardlink: 'd/one' } },
  },
  {
    name: 'hard links of a stage',
    dockerfile:
      'FROM busybox AS s\nRUN mkdir /d && echo 1 > /d/a && ln /d/a /d/b && ln /d/a /c\nFROM scratch\nCOPY --from=s /d /d\nCOPY --from=s /c /d/a /e/',
  },
  {
    name: 'into a folder that is a link',
    dockerfile: 'FROM busybox\nRUN mkdir /real && ln -s real /l\nCOPY real/file /l/\nCOPY real /l',
    files: LINKS,
  },
  {
    name: 'into a folder that is an absolute link',
    dockerfile: 'FROM busybox\nRUN mkdir -p /a/real && ln -s /a/real /l\nCOPY real/file /l/sub/',
    files: LINKS,
  },
  {
    name: 'over a link to a file',
    dockerfile: 'FROM busybox\nRUN echo old > /f && ln -s f /l\nCOPY real/file /l',
    files: LINKS,
  },
  { name: 'over a dangling link', dockerfile: 'FROM busybox\nRUN ln -s nowhere /l\nCOPY real/file /l', files: LINKS },
  {
    name: 'into a dangling link of a folder',
    dockerfile: 'FROM busybox\nRUN ln -s /none/where /l\nCOPY real/file /l/',
    files: LINKS,
  },
  {
    name: 'a folder over a tree with a link in it',
    dockerfile: 'FROM busybox\nRUN mkdir -p /to /elsewhere && ln -s /elsewhere /to/sub\nCOPY real /to',
    files: LINKS,
    expect: 'failure',
  },
  {
    name: 'a link over a folder',
    dockerfile: 'FROM busybox\nRUN mkdir -p /to/self\nCOPY tree /to',
    files: LINKS,
    expect: 'failure',
  },
  {
    name: 'from a stage, through links',
    dockerfile:
      'FROM busybox AS s\nRUN mkdir -p /opt/v1/bin && echo p > /opt/v1/bin/p && ln -s v1 /opt/current && ln -s /opt/current/bin/p /usr/p\nFROM busybox\nCOPY --from=s /opt/current/bin/p /usr/p /x/\nCOPY --from=s /opt/current /y/\nCOPY --from=s /opt /z/',
  },
  {
    name: 'a link above the root of a stage',
    dockerfile:
      'FROM busybox AS s\nRUN echo 1 > /f && mkdir /d && ln -s ../../../f /d/l\nFROM busybox\nCOPY --from=s /d/l /x',
  },
  {
    name: 'special files of a stage',
    dockerfile:
      'FROM busybox AS s\nRUN mkfifo /d-fifo && mkdir /d && mkfifo -m 640 /d/fifo\nFROM busybox\nCOPY --from=s /d /d',
  },
];
