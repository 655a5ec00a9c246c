import type { CompatCase } from '../case.ts';

const on = (...lines: string[]): string => `FROM busybox\n${lines.join('\n')}\n`;
const add = (...queries: string[]): string =>
  on(...queries.map((query, index) => `ADD {{git}}/repo.git${query} /${index}`));
/** What `keep-git-dir` keeps is each builder's own; which commit is at hand and where it is from is not. */
const kept = (query: string, flag = ''): string =>
  `FROM busybox AS s\nADD ${flag} {{git}}/repo.git${query} /r\nRUN ls -A /r > /list; cat /r/.git/HEAD > /head 2>/dev/null; grep url /r/.git/config > /url 2>/dev/null; find /r/.git/refs -type f | sort > /refs 2>/dev/null; true\nFROM scratch\nCOPY --from=s /list /head* /url* /refs* /`;

const failing: Readonly<Record<string, string>> = {
  'two refs that differ': '?ref=other#main',
  'a tag and a ref that differ': '?tag=v1#main',
  'a branch and a tag': '?branch=main&tag=v1',
  'two folders that differ': '?subdir=sub#main:other',
  'a key twice': '?ref=main&ref=main',
  'a key without a value': '?ref',
  'a key with an empty value': '?subdir=',
  'keep-git-dir that is no truth': '?keep-git-dir=perhaps',
  'submodules that is no truth': '?submodules=no',
  'fetch-by-commit that is no truth': '?fetch-by-commit=x',
  'fetch-by-commit without a commit': '?fetch-by-commit=true#main',
  'mtime that is none': '?mtime=now',
  'a checksum of another commit': '?checksum={{other}}#main',
  'a checksum that is none': '?checksum=zz#main',
  'a tag that is a branch': '?tag=other',
  'a branch that is a tag': '?branch=light',
  'a folder that is a file': '?subdir=top.txt',
};

/** Every key of a git address, in ADD, as a context and as a named context. */
export const cases: readonly CompatCase[] = [
  {
    name: 'ref: branch, tag, full name, commit',
    dockerfile: add('?ref=other', '?ref=v1', '?ref=refs/heads/other', '?ref={{other}}'),
  },
  { name: 'ref twice the same', dockerfile: add('?ref=other#other') },
  { name: 'tag, short and full', dockerfile: add('?tag=light', '?tag=refs/tags/v1') },
  { name: 'branch, short and full', dockerfile: add('?branch=other', '?branch=refs/heads/other') },
  { name: 'subdir', dockerfile: add('?subdir=sub', '?subdir=/sub/', '?subdir=sub#other:sub') },
  {
    name: 'checksum and commit',
    dockerfile: add('?checksum={{main}}', '?commit={{other}}#other', '?tag=v1&checksum={{main}}'),
  },
  { name: 'a checksum of some letters', dockerfile: add('?checksum={{main:12}}#main') },
  { name: '--checksum of a repository', dockerfile: on('ADD --checksum={{other}} {{git}}/repo.git?branch=other /to') },
  {
    name: '--checksum and the address’s own',
    dockerfile: on('\nADD --checksum={{other}} {{git}}/repo.git?checksum={{main}} /to'),
    expect: 'failure',
  },
  {
    name: 'fetch-by-commit',
    dockerfile: add('?fetch-by-commit=true&checksum={{other}}', '?fetch-by-commit&commit={{other}}#main'),
  },
  { name: 'keep-git-dir', dockerfile: kept('?keep-git-dir=true') },
  { name: 'keep-git-dir without a value', dockerfile: kept('?keep-git-dir#other') },
  { name: 'keep-git-dir=0', dockerfile: kept('?keep-git-dir=0') },
  { name: 'keep-git-dir of a tag', dockerfile: kept('?keep-git-dir=1&tag=v1') },
  { name: 'keep-git-dir of a commit', dockerfile: kept('?keep-git-dir=1#{{other}}') },
  { name: '--keep-git-dir', dockerfile: kept('#other', '--keep-git-dir=true') },
  { name: '--keep-git-dir=false', dockerfile: kept('', '--keep-git-dir=false') },
  {
    name: '--keep-git-dir and the address’s own',
    dockerfile: on('\nADD --keep-git-dir=false {{git}}/repo.git?keep-git-dir=true /to'),
    expect: 'failure',
  },
  { name: 'keep-git-dir of a folder', dockerfile: on('ADD {{git}}/repo.git?keep-git-dir=1&subdir=sub /to') },
  {
    name: 'submodules',
    dockerfile: on(
      'ADD {{git}}/outer.git /with',
      'ADD {{git}}/outer.git?submodules=0 /without',
      'ADD {{git}}/outer.git?submodules /again',
    ),
  },
  {
    name: 'mtime of the commit',
    dockerfile: add('?mtime=commit', '?mtime=commit&subdir=sub#other', '?mtime=checkout'),
  },
  ...Object.entries(failing).map(([name, query]): CompatCase => ({
    name,
    dockerfile: on(`\nADD {{git}}/repo.git${query} /to`),
    expect: 'failure',
  })),
  { name: 'a context with a query', dockerfile: '', context: '{{git}}/repo.git?branch=other&checksum={{other}}' },
  { name: 'a context with its submodules', dockerfile: '', context: '{{git}}/outer.git?tag=all' },
  {
    name: 'a context that keeps its .git',
    dockerfile: '',
    context: '{{git}}/lists.git',
    args: { BUILDKIT_CONTEXT_KEEP_GIT_DIR: '1' },
  },
  { name: 'a context that does not keep its .git', dockerfile: '', context: '{{git}}/lists.git' },
  { name: 'a context that keeps its .git by query', dockerfile: '', context: '{{git}}/lists.git?keep-git-dir=1' },
  {
    name: 'a named context with a query',
    dockerfile: 'FROM scratch\nCOPY --from=repo / /all\nCOPY --from=sub / /sub',
    contexts: { repo: '{{git}}/repo.git?ref=other', sub: '{{git}}/repo.git?tag=v1&subdir=sub' },
  },
];
