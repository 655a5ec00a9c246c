import { gzipSync, zstdCompressSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { packTar } from '../../../test/support/pack-tar.ts';
import { describeTree, temporaryFolder } from '../../../test/support/tree.ts';
import { receiveContext } from './received-context.ts';

async function* inPieces(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

const TAR = packTar([
  { path: 'Dockerfile', type: 'file', text: 'FROM x', uid: 1000, gid: 1000 },
  { path: 'd/', type: 'directory', mode: 0o500 },
  { path: 'd/a', type: 'file', text: 'A' },
]);

describe('receiveContext', () => {
  test.each<[string, Uint8Array]>([
    ['plain', TAR],
    ['gzip', gzipSync(TAR)],
    ['zstd', zstdCompressSync(TAR)],
  ])('unpacks a %s tar', async (_name, bytes) => {
    const folder = temporaryFolder();
    expect(await receiveContext(inPieces(bytes, 100), folder, { name: 'stdin' })).toEqual({ kind: 'archive' });
    expect(describeTree(folder)).toEqual({ Dockerfile: 'FROM x', d: '/ 500', 'd/a': 'A' });
  });

  test.each(['', 'FROM busybox\n', `# ${'x'.repeat(5000)}\nFROM busybox\n`])(
    'gives back a Dockerfile',
    async (text) => {
      const folder = temporaryFolder();
      const received = await receiveContext(inPieces(Buffer.from(text), 7), folder, { name: 'stdin' });
      expect(received.kind === 'text' && Buffer.from(received.content).toString()).toBe(text);
      expect(describeTree(folder)).toEqual({});
    },
  );

  test.each<[string, Uint8Array, string]>([
    ['a truncated one', TAR.subarray(0, 700), 'ARCHIVE_TRUNCATED'],
    ['damaged compression', Buffer.concat([gzipSync(TAR).subarray(0, 10), Buffer.alloc(600, 0xff)]), 'ARCHIVE_INVALID'],
    ['an escape', packTar([{ path: '../x', type: 'file', text: 'X' }]), 'ARCHIVE_UNSAFE'],
  ])('refuses %s', async (_name, bytes, code) => {
    await expect(receiveContext(inPieces(bytes, 64), temporaryFolder(), { name: 'stdin' })).rejects.toThrow(
      expect.objectContaining({ code }),
    );
  });
});
