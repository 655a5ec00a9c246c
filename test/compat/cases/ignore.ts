import type { CompatCase, CompatFiles } from '../case.ts';

const TREE: CompatFiles = {
  'a.txt': 'a\n',
  'b.txt': 'b\n',
  'a.md': 'a\n',
  '.hidden': 'h\n',
  'd/a.txt': 'a\n',
  'd/b.md': 'b\n',
  'd/e/a.txt': 'a\n',
  'd/e/f/a.txt': 'a\n',
  'd/e/f/.git/x': 'x\n',
  'g/a.txt': 'a\n',
  empty: { special: 'folder' },
  l: { link: 'd' },
};
const ALL = 'FROM scratch\nCOPY . /\n';
const rules: Readonly<Record<string, string>> = {
  'a name': 'a.txt\n',
  'a folder': 'd\n',
  'a folder with slashes': '/d/\n',
  'a name of any depth': '**/a.txt\n',
  'any name': '*\n',
  'a class and one letter': '[ab].txt\n?.md\n',
  'a wildcard in a folder': 'd/*.md\nd/*/a.txt\n',
  '** in the middle': 'd/**/a.txt\n',
  '** at the end': 'd/**\n',
  'all but some': '*\n!a.txt\n!d/e\n',
  'all but a name of any depth': '**\n!**/a.txt\n',
  'an exception taken back': 'd\n!d/e\nd/e/f\n',
  'an exception before its rule': '!d/e\nd\n',
  'an exception in an excluded folder': 'd/*\n!d/e/f/a.txt\n',
  'comments and spaces': '# a.txt\n  b.txt  \n\n #a.md\n',
  'dots and slashes': './a.txt\n../b.txt\nd/../g\nd//e\n',
  'a lone slash and a dot': '/\n.\n',
  'hidden files': '.*\n**/.git\n',
  'an escaped letter': '\\a.txt\n\\*.md\n',
  'a link': 'l\n',
  CRLF: 'a.txt\r\nb.txt\r\n',
  'a BOM': '\uFEFFa.txt\n',
  'the ignore file and the Dockerfile': 'Dockerfile\n.dockerignore\n',
  'an exception with spaces': '*\n! a.txt\n',
};

/** .dockerignore and its like. */
export const cases: readonly CompatCase[] = [
  {
    name: 'every rule, in named contexts',
    dockerfile: `FROM scratch\n${Object.keys(rules)
      .map((_name, index) => `COPY --from=rule${index} / /${index}/\n`)
      .join('')}`,
    contexts: Object.fromEntries(
      Object.values(rules).map((text, index) => [`rule${index}`, { files: { ...TREE, '.dockerignore': text } }]),
    ),
  },
  {
    name: 'rules and exceptions',
    dockerfile: ALL,
    files: { ...TREE, '.dockerignore': '# one\n*\n!a.txt\n!d/e\n  d/e/f\r\n!**/.git\n' },
  },
  {
    name: 'the Dockerfile itself',
    dockerfile: ALL,
    files: { ...TREE, '.dockerignore': 'Dockerfile\n.dockerignore\n' },
  },
  { name: 'a pattern that is wrong', dockerfile: ALL, files: { ...TREE, '.dockerignore': 'a[\n' }, expect: 'failure' },
  { name: 'a lone exclamation mark', dockerfile: ALL, files: { ...TREE, '.dockerignore': '!\n' }, expect: 'failure' },
  {
    name: 'COPY of what is excluded',
    dockerfile: 'FROM scratch\n\nCOPY a.txt /',
    files: { ...TREE, '.dockerignore': 'a.txt\n' },
    expect: 'failure',
  },
  {
    name: 'COPY of an excluded folder with an exception',
    dockerfile: 'FROM scratch\nCOPY d /d',
    files: { ...TREE, '.dockerignore': 'd\n!d/e/a.txt\n' },
  },
  {
    name: 'a wildcard over what is excluded',
    dockerfile: 'FROM scratch\nCOPY *.txt /',
    files: { ...TREE, '.dockerignore': 'a.*\n' },
  },
  {
    name: 'a mount of what is not excluded',
    dockerfile: 'FROM busybox\nRUN --mount=target=/ctx find /ctx | sort > /list',
    files: { ...TREE, '.dockerignore': 'd/e\n' },
  },
  {
    name: 'NAME.dockerignore comes before',
    dockerfile: ALL,
    file: 'sub/My.Dockerfile',
    files: { ...TREE, 'sub/My.Dockerfile.dockerignore': 'a.txt\n', '.dockerignore': 'b.txt\n' },
  },
  {
    name: '.dockerignore for a Dockerfile of another name',
    dockerfile: ALL,
    file: 'My.Dockerfile',
    files: { ...TREE, '.dockerignore': 'b.txt\n' },
  },
  {
    name: 'Dockerfile.dockerignore',
    dockerfile: ALL,
    files: { ...TREE, 'Dockerfile.dockerignore': 'a.txt\n', '.dockerignore': 'b.txt\n' },
  },
];
