import { lstatSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { packTar } from '../../../test/support/pack-tar.ts';
import { describeTree, makeTree, temporaryFolder } from '../../../test/support/tree.ts';
import { tarEntry, type TarEntryInit } from '../../archive/entry.ts';
import type { TarMember } from '../../archive/reader.ts';
import { applyFileActions } from './apply.ts';
import { pacer } from '../../util/pacer.ts';
import { unpackTar, type UnpackOptions } from './unpack-tar.ts';

async function* members(entries: readonly (TarEntryInit & { text?: string })[]): AsyncGenerator<TarMember> {
  for (const { text = '', ...init } of entries) {
    const content = Buffer.from(text);
    const body = (async function* () {
      if (content.length > 0) yield content;
    })();
    yield { entry: tarEntry({ ...init, size: content.length }), body };
  }
}

async function unpack(
  entries: readonly (TarEntryInit & { text?: string })[],
  options: Partial<UnpackOptions> & { root?: string } = {},
): Promise<string> {
  const { root = temporaryFolder(), ...given } = options;
  await unpackTar({ root, warn: () => {} }, members(entries), {
    name: 'test.tar',
    owner: 'archive',
    pacer: pacer(),
    ...given,
  });
  return root;
}

const file = (path: string, text: string): TarEntryInit & { text: string } => ({ path, type: 'file', text });

describe('unpackTar', () => {
  test.each<[string, (TarEntryInit & { text?: string })[], Record<string, string>]>([
    [
      'files and folders',
      [{ path: 'd/', type: 'directory', mode: 0o700 }, file('d/a', 'A')],
      { d: '/ 700', 'd/a': 'A' },
    ],
    ['missing parents', [file('x/y/a', 'A')], { x: '/', 'x/y': '/', 'x/y/a': 'A' }],
    ['owners of the archive', [{ ...file('a', 'A'), uid: 5, gid: 6 }], { a: 'A 5:6' }],
    ['the last of a name wins', [file('a', 'first'), file('a', 'second')], { a: 'second' }],
    ['a file in place of a folder', [file('a/x', 'X'), file('a', 'A')], { a: 'A' }],
    ['an absolute name', [file('/etc/a', 'A')], { etc: '/', 'etc/a': 'A' }],
    ['dots within', [file('./x/../y', 'Y')], { y: 'Y' }],
    ['whiteouts mean nothing', [file('.wh.a', '')], { '.wh.a': '' }],
    ['a link', [{ path: 'l', type: 'symlink', linkname: '/etc/passwd' }], { l: '->/etc/passwd' }],
    ['a hard link', [file('a', 'A'), { path: 'b', type: 'hardlink', linkname: 'a' }], { a: 'A', b: 'A' }],
  ])('%s', async (_name, entries, expected) => {
    expect(describeTree(await unpack(entries))).toEqual(expected);
  });

  test.each<[string, (TarEntryInit & { text?: string })[], string]>([
    ['a name that climbs', [file('../a', 'A')], 'ARCHIVE_UNSAFE'],
    ['a name that climbs from within', [file('x/../../a', 'A')], 'ARCHIVE_UNSAFE'],
    ['a hard link that climbs', [{ path: 'l', type: 'hardlink', linkname: '../../etc/passwd' }], 'ARCHIVE_UNSAFE'],
    ['a file as a folder', [file('a', 'A'), file('a/x', 'X')], 'NOT_A_DIRECTORY'],
    ['a hard link to nothing', [{ path: 'l', type: 'hardlink', linkname: '/etc/passwd' }], 'ARCHIVE_INVALID'],
  ])('%s is refused', async (_name, entries, code) => {
    await expect(unpack(entries)).rejects.toThrow(expect.objectContaining({ code }));
  });

  test('links lead nowhere outside', async () => {
    const outside = makeTree({ secret: 'S' });
    const root = await unpack([
      { path: 'up', type: 'symlink', linkname: outside },
      file('up/a', 'A'),
      { path: 'rel', type: 'symlink', linkname: '../../../../../../../../tmp' },
      file('rel/b', 'B'),
      { path: 'up/secret2', type: 'hardlink', linkname: 'up/a' },
    ]);
    expect(describeTree(outside)).toEqual({ secret: 'S' });
    expect(readFileSync(join(root, outside, 'a'), 'utf8')).toBe('A');
    expect(readFileSync(join(root, 'tmp/b'), 'utf8')).toBe('B');
  });

  test('a folder that becomes a link is not followed when modes are set', async () => {
    const outside = makeTree({ b: { mode: 0o755 } });
    await unpack([
      { path: 'a/', type: 'directory' },
      { path: 'a/b/', type: 'directory', mode: 0o777, mtime: 5 },
      { path: 'a', type: 'symlink', linkname: outside },
    ]);
    expect(statSync(join(outside, 'b')).mode & 0o777).toBe(0o755);
    expect(statSync(join(outside, 'b')).mtimeMs).not.toBe(5000);
  });

  test('times of folders stand after what is in them', async () => {
    const root = await unpack([
      { path: 'd/', type: 'directory', mtime: 1000 },
      { ...file('d/a', 'A'), mtime: 2000, mtimeNs: 5 },
    ]);
    expect(lstatSync(join(root, 'd')).mtimeMs).toBe(1_000_000);
    expect(lstatSync(join(root, 'd/a'), { bigint: true }).mtimeNs).toBe(2_000_000_000_005n);
  });
});

test('ADD unpacks an archive of the source, told by its content', async () => {
  const from = makeTree({ 'plain.tar': 'no archive', zeros: '\0'.repeat(1024) });
  writeFileSync(join(from, 'archive.bin'), gzipSync(packTar([file('x/a', 'A')])));
  const root = temporaryFolder();
  const view = async () => ({ path: from, async [Symbol.asyncDispose]() {} });
  const add = {
    kind: 'copy',
    source: { kind: 'layers', layers: [{ id: 'x' }] },
    createDestPath: true,
    attemptUnpack: true,
    followSymlink: true,
    dirCopyContents: true,
  } as const;
  const actions = ['archive.bin', 'plain.tar', 'zeros'].map((name) => ({
    ...add,
    sourcePath: `/${name}`,
    destPath: '/out/',
  }));
  await applyFileActions(root, actions, { view, warn: () => {} });
  expect(describeTree(root)).toEqual({
    out: '/',
    'out/plain.tar': 'no archive',
    'out/x': '/',
    'out/x/a': 'A',
    'out/zeros': '\0'.repeat(1024),
  });
});
