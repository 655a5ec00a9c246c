import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync, mkdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import type { TarEntryInit } from '../archive/entry.ts';
import { writeTar } from '../archive/writer.ts';
import { writeAccelMap } from '../emulation/accel-map.ts';
import { packId, packMap, packTar, unpackPack } from './pack-files.ts';

const folder = mkdtempSync(join(tmpdir(), 'polyarch-pack-'));
afterAll(() => rmSync(folder, { recursive: true }));

function empty(name: string): string {
  mkdirSync(join(folder, name));
  return join(folder, name);
}

describe('a pack', () => {
  test('is the same pack after a way through an archive', async () => {
    const [root, copy] = [empty('root'), empty('copy')];
    mkdirSync(join(root, 'bin'));
    writeFileSync(join(root, 'bin/sed'), 'native');
    writeAccelMap(root, [{ key: { bytes: new Uint8Array(32).fill(1) }, tool: 'bin/sed' }]);
    await unpackPack(packTar(root), copy, { name: 'it' });
    expect(packId(copy)).toBe(packId(root));
    expect(readdirSync(copy).toSorted()).toEqual(['bin', 'map', 'ran']);
    expect(statSync(join(copy, 'bin/sed')).mode & 0o777).toBe(0o755);
    expect(packMap(copy)?.map(({ tool }) => tool)).toEqual(['bin/sed']);
    rmSync(join(copy, 'bin/sed'));
    expect(packMap(copy)).toBeUndefined();
    expect(packId(copy)).not.toBe(packId(root));
  });
});

describe('an archive that is no pack is refused', () => {
  const members: readonly (readonly [string, TarEntryInit])[] = [
    ['with a file outside', { path: '../file', type: 'file' }],
    ['with a link', { path: 'bin/link', type: 'symlink', linkname: '/etc/passwd' }],
    ['with a folder of its own', { path: 'bin', type: 'directory' }],
    ['with a file where what ran is written', { path: 'ran', type: 'file' }],
  ];
  test.each(members)('%s', async (name, entry) => {
    const unpacking = unpackPack(writeTar([{ entry }]), empty(name), { name: 'it' });
    await expect(unpacking).rejects.toMatchObject({ code: 'ARCHIVE_UNSAFE' });
  });
});
