import { createHash } from 'node:crypto';
import type { CompatCase } from '../case.ts';
import { served } from '../serve.ts';

const on = (line: string): string => `FROM busybox\n${line}\n`;
const digest = (path: string, algorithm = 'sha256'): string =>
  `${algorithm}:${createHash(algorithm)
    .update(served[path] ?? '')
    .digest('hex')}`;

/** ADD from http and git. */
export const cases: readonly CompatCase[] = [
  { name: 'a file from http', dockerfile: on('ADD {{http}}/file.txt /to/') },
  { name: 'a file from http to a name', dockerfile: on('ADD {{http}}/file.txt /name') },
  { name: 'a file without a time', dockerfile: on('ADD {{http}}/now /name') },
  { name: 'a name from a header', dockerfile: on('ADD {{http}}/named /to/') },
  { name: 'a query is no part of the name', dockerfile: on('ADD {{http}}/file.txt?x=y /to/') },
  { name: 'an escaped name', dockerfile: on('ADD "{{http}}/a%20b.txt" /to/') },
  { name: 'no name at all', dockerfile: on('\nADD {{http}}/ /to/'), expect: 'failure' },
  { name: 'a file that is not there', dockerfile: on('\nADD {{http}}/nothing /to/'), expect: 'failure' },
  { name: 'a right checksum', dockerfile: on(`ADD --checksum=${digest('/file.txt')} {{http}}/file.txt /to/`) },
  {
    name: 'a checksum of another kind',
    dockerfile: on(`ADD --checksum=${digest('/file.txt', 'sha512')} {{http}}/file.txt /to/`),
    expect: 'failure',
  },
  {
    name: 'a wrong checksum',
    dockerfile: on(`ADD --checksum=${digest('/now')} {{http}}/file.txt /to/`),
    expect: 'failure',
  },
  {
    name: 'a checksum that is none',
    dockerfile: on('ADD --checksum=sha256:12 {{http}}/file.txt /to/'),
    expect: 'failure',
  },
  {
    name: 'a checksum of a local file',
    dockerfile: on(`ADD --checksum=${digest('/file.txt')} file.txt /to/`),
    files: { 'file.txt': 'served\n' },
    expect: 'failure',
  },
  {
    name: 'a checksum from a variable',
    dockerfile: on(`ARG sum=${digest('/file.txt')}\nADD --checksum=$sum {{http}}/file.txt /to/`),
  },
  { name: 'an archive is not unpacked', dockerfile: on('ADD {{http}}/archive.tar /to/') },
  {
    name: '--unpack of a remote archive',
    dockerfile: on('ADD --unpack {{http}}/archive.tar /to/\nADD --unpack=true {{http}}/archive.tgz /gz/'),
  },
  { name: 'owner and mode of a remote file', dockerfile: on('ADD --chown=1:2 --chmod=755 {{http}}/file.txt /to/') },
  { name: 'a remote file with --link', dockerfile: on('ADD --link {{http}}/file.txt /to/') },
  {
    name: 'several remote files and a local one',
    dockerfile: on('ADD {{http}}/file.txt {{http}}/now local /to/'),
    files: { local: 'l\n' },
  },
  { name: 'an address from a variable', dockerfile: on('ARG base={{http}}\nADD $base/file.txt /to/') },
  { name: 'COPY takes no address', dockerfile: on('\nCOPY {{http}}/file.txt /to/'), expect: 'failure' },
  { name: 'a repository', dockerfile: on('ADD {{git}}/repo.git /to') },
  { name: 'a repository, a branch', dockerfile: on('ADD {{git}}/repo.git#other /to') },
  { name: 'a repository, a tag', dockerfile: on('ADD {{git}}/repo.git#v1 /to\nADD {{git}}/repo.git#light /light') },
  { name: 'a repository, a full ref', dockerfile: on('ADD {{git}}/repo.git#refs/heads/other /to') },
  { name: 'a repository, a folder', dockerfile: on('ADD {{git}}/repo.git#main:sub /to/') },
  {
    name: 'a repository by query',
    dockerfile: on(
      'ADD {{git}}/repo.git?branch=other /o\nADD {{git}}/repo.git?tag=v1&subdir=sub /t\nADD {{git}}/repo.git?ref=main /r',
    ),
  },
  {
    name: 'a repository with a query that is not known',
    dockerfile: on('\nADD {{git}}/repo.git?nothing=x /to'),
    expect: 'failure',
  },
  {
    name: 'a repository, a folder that is not there',
    dockerfile: on('\nADD {{git}}/repo.git#main:none /to'),
    expect: 'failure',
  },
  {
    name: 'a repository, a branch that is not there',
    dockerfile: on('\nADD {{git}}/repo.git#none /to'),
    expect: 'failure',
  },
  {
    name: 'owner and mode of a repository',
    dockerfile: on('ADD --chown=3:4 --chmod=u=rwX,go=rX {{git}}/repo.git#main:sub /to/'),
  },
  { name: 'a repository as context', dockerfile: '', context: '{{git}}/repo.git' },
  {
    name: 'a folder of a repository as context',
    dockerfile: '',
    context: '{{git}}/repo.git#main:sub',
    expect: 'failure',
  },
  {
    name: 'a repository, without some files',
    dockerfile: on('ADD --exclude=sub/in* --exclude=*.txt {{git}}/repo.git /to'),
  },
  { name: 'an archive of the web as context', dockerfile: '', context: '{{http}}/context.tgz' },
  { name: 'a Dockerfile of the web as context', dockerfile: '', context: '{{http}}/plain' },
];
