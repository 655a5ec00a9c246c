import { execFileSync } from 'node:child_process';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { packTar } from '../../support/pack-tar.ts';
import type { CompatCase, CompatFiles } from '../case.ts';

const MTIME = 1_500_000_000;
const TAR = packTar([
  { path: 'in/', type: 'directory', mode: 0o750, uid: 3, gid: 4, mtime: MTIME },
  { path: 'in/file', type: 'file', text: 'of an archive\n', mode: 0o4755, uid: 5, gid: 6, mtime: MTIME },
  { path: 'in/link', type: 'symlink', linkname: 'file', mtime: MTIME },
  { path: 'in/hard', type: 'hardlink', linkname: 'in/file', mtime: MTIME },
  { path: 'without/folders/of/its/own', type: 'file', text: 'deep\n', mtime: MTIME },
  { path: 'fifo', type: 'fifo', mode: 0o640, mtime: MTIME },
]);

const through = (program: string, ...args: readonly string[]): Uint8Array =>
  execFileSync(program, ['-c', ...args], { input: TAR, maxBuffer: 1 << 24 });

const ARCHIVES: CompatFiles = {
  'a.tar': TAR,
  'a.tar.gz': gzipSync(TAR),
  'a.tar.xz': through('xz'),
  'a.tar.bz2': through('bzip2'),
  'a.tar.zst': zstdCompressSync(TAR),
};
const XATTRS: CompatFiles = {
  'a.tar': packTar([
    {
      path: 'able',
      type: 'file',
      text: 'x\n',
      mode: 0o755,
      mtime: MTIME,
      xattrs: new Map([
        ['security.capability', Buffer.from('0100000200040000000000000000000000000000', 'hex')],
        ['user.note', Buffer.from('noted')],
      ]),
    },
  ]),
};
const on = (line: string): string => `FROM busybox\n${line}\n`;

/** ADD of archives that are in the context. */
export const cases: readonly CompatCase[] = [
  {
    name: 'every compression',
    dockerfile: on(
      Object.keys(ARCHIVES)
        .map((name, index) => `ADD ${name} /${index}/`)
        .join('\n'),
    ),
    files: ARCHIVES,
  },
  { name: 'knows an archive by its content', dockerfile: on('ADD data /to'), files: { data: gzipSync(TAR) } },
  {
    name: 'does not take another file for an archive',
    dockerfile: on('ADD a.tar b.tar.gz /to/'),
    files: { 'a.tar': 'text\n', 'b.tar.gz': gzipSync('text\n') },
  },
  { name: 'an empty file named as an archive', dockerfile: on('ADD a.tar /to/'), files: { 'a.tar': '' } },
  {
    name: 'an archive cut short',
    dockerfile: on('ADD a.tar /to/'),
    files: { 'a.tar': TAR.subarray(0, 1600) },
    expect: 'failure',
  },
  { name: 'to a name without a slash', dockerfile: on('ADD a.tar /to'), files: ARCHIVES },
  { name: 'to a relative place', dockerfile: on('WORKDIR /w\nADD a.tar .'), files: ARCHIVES },
  { name: 'to the root', dockerfile: on('ADD a.tar /'), files: ARCHIVES },
  {
    name: 'over what is there',
    dockerfile: on('RUN mkdir -p /to/in/link /to/without && echo old > /to/in/file\nADD a.tar /to'),
    files: ARCHIVES,
  },
  {
    name: 'through a link that is there',
    dockerfile: on('RUN mkdir -p /real /to && ln -s /real /to/in\nADD a.tar /to'),
    files: ARCHIVES,
  },
  { name: 'with an owner', dockerfile: on('ADD --chown=7:8 a.tar /to/'), files: ARCHIVES },
  { name: 'with a mode', dockerfile: on('ADD --chmod=755 a.tar /to/'), files: ARCHIVES },
  { name: 'with --link', dockerfile: on('ADD --link a.tar /to/'), files: ARCHIVES },
  { name: 'several, with files', dockerfile: on('ADD a.tar.gz plain /to/'), files: { ...ARCHIVES, plain: 'p\n' } },
  { name: 'by a wildcard', dockerfile: on('ADD a.tar.* /to/'), files: ARCHIVES },
  { name: 'in a folder that is added', dockerfile: on('ADD d /to/'), files: { 'd/a.tar': TAR } },
  { name: '--unpack=false', dockerfile: on('ADD --unpack=false a.tar.gz /to/'), files: ARCHIVES },
  { name: '--unpack', dockerfile: on('ADD --unpack a.tar.gz /to/'), files: ARCHIVES },
  { name: 'extended attributes and capabilities', dockerfile: on('ADD a.tar /to/\nRUN true'), files: XATTRS },
  {
    name: 'capabilities on the way through stages',
    dockerfile:
      'FROM busybox AS s\nADD a.tar /to/\nFROM busybox\nCOPY --from=s /to/able /kept\nCOPY --from=s --chown=1:1 /to/able /other\nCOPY --from=s --chmod=700 /to/able /mode\nRUN cp /kept /copied',
    files: XATTRS,
  },
  { name: 'COPY does not unpack', dockerfile: on('COPY a.tar.gz /to/'), files: ARCHIVES },
  {
    name: 'a path that goes up',
    dockerfile: on('ADD a.tar /to/'),
    files: { 'a.tar': packTar([{ path: '../up', type: 'file', text: 'u\n', mtime: MTIME }]) },
  },
  {
    name: 'an absolute path',
    dockerfile: on('ADD a.tar /to/'),
    files: { 'a.tar': packTar([{ path: '/abs/file', type: 'file', text: 'u\n', mtime: MTIME }]) },
  },
  {
    name: 'links that point out of it',
    dockerfile: on('ADD a.tar /to/'),
    files: {
      'a.tar': packTar([
        { path: 'l', type: 'symlink', linkname: '/etc', mtime: MTIME },
        { path: 'm', type: 'symlink', linkname: '../../x', mtime: MTIME },
      ]),
    },
  },
];
