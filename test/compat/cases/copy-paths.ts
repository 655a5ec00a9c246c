import type { CompatCase, CompatFiles } from '../case.ts';

const TREE: CompatFiles = {
  'a.txt': 'a\n',
  'b.txt': 'b\n',
  'c.md': 'c\n',
  'dir/one.txt': 'one\n',
  'dir/two.md': 'two\n',
  'dir/deep/three.txt': 'three\n',
  'dir/deep/four.txt': 'four\n',
  'other/deep/five.txt': 'five\n',
  'other/empty': { special: 'folder' },
};

/** Where COPY puts things: names, wildcards, slashes, folders over folders. */
export const cases: readonly CompatCase[] = [
  { name: 'a file into folders that are not there', dockerfile: 'FROM busybox\nCOPY a.txt /new/folder/', files: TREE },
  { name: 'a file to a name', dockerfile: 'FROM busybox\nCOPY a.txt /new/name', files: TREE },
  { name: 'a file into a folder that is there', dockerfile: 'FROM busybox\nCOPY a.txt /etc', files: TREE },
  { name: 'a file over a file', dockerfile: 'FROM busybox\nCOPY a.txt /x\nCOPY b.txt /x', files: TREE },
  { name: 'the contents of a folder', dockerfile: 'FROM busybox\nCOPY dir /to', files: TREE },
  { name: 'the contents of a folder, with slashes', dockerfile: 'FROM busybox\nCOPY dir/ /to/', files: TREE },
  { name: 'all of the context', dockerfile: 'FROM scratch\nCOPY . /', files: TREE },
  { name: 'all of the context, by slash', dockerfile: 'FROM scratch\nCOPY / .', files: TREE },
  {
    name: 'to a relative place',
    dockerfile: 'FROM busybox\nWORKDIR /w\nCOPY a.txt sub/\nCOPY b.txt .\nCOPY c.md ../up\nCOPY dir .',
    files: TREE,
  },
  { name: 'a folder over a folder', dockerfile: 'FROM busybox\nCOPY dir /to\nCOPY other /to', files: TREE },
  { name: 'several files', dockerfile: 'FROM busybox\nCOPY a.txt b.txt c.md /to/', files: TREE },
  { name: 'several files and folders', dockerfile: 'FROM busybox\nCOPY a.txt dir other /to/', files: TREE },
  {
    name: 'several to a place without a slash',
    dockerfile: 'FROM busybox\n\nCOPY a.txt b.txt /to',
    files: TREE,
  },
  { name: 'a wildcard', dockerfile: 'FROM busybox\nCOPY *.txt /to/', files: TREE },
  { name: 'a wildcard with one match to a name', dockerfile: 'FROM busybox\nCOPY *.md /name', files: TREE },
  { name: 'a wildcard with several to a name', dockerfile: 'FROM busybox\nCOPY *.txt /name', files: TREE },
  { name: 'a wildcard that matches folders', dockerfile: 'FROM busybox\nCOPY d* o* /to/', files: TREE },
  { name: 'a wildcard in the middle', dockerfile: 'FROM busybox\nCOPY */deep /to/', files: TREE },
  { name: 'a wildcard of one letter and a class', dockerfile: 'FROM busybox\nCOPY ?.txt [bc].* /to/', files: TREE },
  { name: 'a negated class', dockerfile: 'FROM busybox\nCOPY [^a].txt /to/', files: TREE },
  { name: 'a wildcard without a match', dockerfile: 'FROM busybox\nCOPY *.none /to/', files: TREE },
  {
    name: 'a wildcard without a match beside a file',
    dockerfile: 'FROM busybox\nCOPY a.txt *.none /to/',
    files: TREE,
  },
  {
    name: 'a file that is not there',
    dockerfile: 'FROM busybox\n\nCOPY a.txt missing /to/',
    files: TREE,
    expect: 'failure',
  },
  {
    name: 'a file that is not there, continued lines',
    dockerfile: 'FROM busybox\nCOPY \\\n  a.txt \\\n  missing \\\n  /to/\nRUN true',
    files: TREE,
    expect: 'failure',
  },
  {
    name: 'an escaped wildcard',
    dockerfile: 'FROM busybox\nCOPY lit\\*eral /to/',
    files: { 'lit*eral': 'l\n', literal: 'x\n' },
  },
  {
    name: 'a name with a class taken literally',
    dockerfile: 'FROM busybox\nCOPY arr[[]0].txt /to/',
    files: { 'arr[0].txt': 'l\n' },
  },
  {
    name: 'names with spaces',
    dockerfile: 'FROM busybox\nCOPY ["a b", "c d/", "/to here/"]',
    files: { 'a b': '1\n', 'c d/e f': '2\n' },
  },
  {
    name: 'names that are not ASCII',
    dockerfile: 'FROM busybox\nCOPY ümläut/ 日本 /zu/',
    files: { 'ümläut/ß': '1\n', 日本: '2\n' },
  },
  { name: 'above the context', dockerfile: 'FROM busybox\nCOPY ../a.txt ../../b.txt /to/', files: TREE },
  { name: 'absolute sources', dockerfile: 'FROM busybox\nCOPY /a.txt /dir/one.txt /to/', files: TREE },
  {
    name: 'a folder by a dot at its end',
    dockerfile: 'FROM busybox\nCOPY dir/. /to\nCOPY ./other/./deep/ /to2',
    files: TREE,
  },
  {
    name: 'to a destination with variables',
    dockerfile: 'FROM busybox\nENV d=/x/y f=a\nCOPY ${f}.txt $d/${f:-z}/\nCOPY ${g:-b.txt} "$d"',
    files: TREE,
  },
  {
    name: 'to a file with a slash at its end',
    dockerfile: 'FROM busybox\nCOPY a.txt /f\nCOPY b.txt /f/',
    files: TREE,
    expect: 'failure',
  },
  {
    name: 'a folder over a file',
    dockerfile: 'FROM busybox\nCOPY a.txt /f\n\nCOPY dir /f',
    files: TREE,
    expect: 'failure',
  },
  {
    name: 'a file over a folder of its name',
    dockerfile: 'FROM busybox\nCOPY dir /to/a.txt\nCOPY a.txt /to/',
    files: TREE,
    expect: 'failure',
  },
  {
    name: 'a file over a folder with wildcard',
    dockerfile: 'FROM busybox\nRUN mkdir -p /to/a.txt\nCOPY *.txt /to/',
    files: TREE,
    expect: 'failure',
  },
  { name: 'an empty folder', dockerfile: 'FROM scratch\nCOPY other/empty /e\nCOPY other/empty/ /f/', files: TREE },
  { name: 'into an empty image', dockerfile: 'FROM scratch\nCOPY a.txt /x/y/z', files: TREE },
  {
    name: 'of every platform',
    dockerfile:
      'FROM busybox\nARG TARGETARCH TARGETVARIANT\nCOPY $TARGETARCH$TARGETVARIANT.bin /bin/tool\nRUN uname -m > /machine',
    files: { 'amd64.bin': '1', 'arm64.bin': '2', 'armv7.bin': '3' },
    platforms: ['linux/amd64', 'linux/arm64', 'linux/arm/v7'],
  },
  {
    name: 'heredocs',
    dockerfile:
      'FROM busybox\nARG v=value\nCOPY <<a <<"b" /to/\nis $v\na\nis $v\nb\nCOPY <<-end /one\n\t\ttabs\n\tend\nCOPY --chmod=600 --chown=1:2 <<x a.txt /both/\nx of here\nx',
    files: TREE,
  },
  { name: 'a heredoc to a name', dockerfile: 'FROM busybox\nCOPY <<EOF /etc/app/config.ini\n[x]\nEOF' },
  { name: 'ADD of a heredoc', dockerfile: 'FROM busybox\nADD <<EOF /etc/config\n[x]\nEOF' },
];
