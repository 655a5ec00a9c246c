import { execFileSync } from 'node:child_process';
import { createReadStream, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { decompress } from '../../src/archive/decompress.ts';
import { requireProgram, skip, temporaryFolder } from '../support/environment.ts';
import { cannotEnter, inNamespace } from '../support/namespace.ts';
import type { Members } from './hostile.ts';
import type * as Scenarios from './interop-scenarios.ts';

const url = new URL('./interop-scenarios.ts', import.meta.url);

describe('GNU tar', () => {
  it.each([
    ['pax', []],
    ['pax', ['--sparse', '--sparse-version=1.0']],
    ['pax', ['--sparse', '--sparse-version=0.1']],
    ['pax', ['--sparse', '--sparse-version=0.0']],
    ['gnu', ['--sparse', '--no-xattrs']],
  ])('and this unpacker make the same tree of a %s archive %j', async (format, sparse) => {
    using scratch = temporaryFolder();
    const result = await inNamespace<Awaited<ReturnType<typeof Scenarios.againstGnuTar>>>(url, 'againstGnuTar', {
      kind: 'identity',
      args: [scratch.path, format, sparse],
    });
    expect(result).toMatchObject({ digest: true, ours: [], back: [], entries: [], same: [] });
    expect(result.count).toBeGreaterThan(100);
    expect(result.holes).toBeLessThan(sparse.length > 0 ? 1000 : 5000);
  });
});

describe('umoci', () => {
  const layers: readonly Members[] = [
    [
      { path: 'etc', type: 'directory', mtime: 1 },
      { path: 'etc/passwd', type: 'file', mode: 0o600, uid: 1, gid: 2, mtime: 2 },
      { path: 'etc/gone', type: 'file' },
      { path: 'opaque', type: 'directory', mode: 0o700, mtime: 4 },
      { path: 'opaque/below', type: 'file' },
      { path: 'opaque/sub', type: 'directory' },
      { path: 'swap', type: 'directory', mtime: 5 },
      { path: 'swap/x', type: 'file' },
      { path: 'usr/lib', type: 'directory', mtime: 5 },
      { path: 'usr', type: 'directory', mtime: 5 },
      { path: 'lib', type: 'symlink', linkname: 'usr/lib', mtime: 6 },
      { path: 'tmp', type: 'directory', mode: 0o1777, mtime: 7 },
    ],
    [
      { path: 'etc', type: 'directory', mtime: 10 },
      { path: 'etc/.wh.gone', type: 'file', size: 0 },
      { path: 'opaque', type: 'directory', mode: 0o711, mtime: 11 },
      { path: 'opaque/.wh..wh..opq', type: 'file', size: 0 },
      { path: 'opaque/above', type: 'file', mtime: 12 },
      { path: '.wh.swap', type: 'file', size: 0 },
      { path: 'swap', type: 'file', mode: 0o4755, mtime: 13 },
      { path: 'hard', type: 'hardlink', linkname: 'swap' },
    ],
    [
      { path: 'etc', type: 'directory', mtime: 20 },
      { path: 'etc/gone', type: 'file', mtime: 21, size: 5 },
      { path: 'opaque', type: 'directory', mode: 0o711, mtime: 22 },
      { path: 'opaque/.wh.above', type: 'file', size: 0 },
      { path: '.wh.lib', type: 'file', size: 0 },
      { path: 'lib', type: 'directory', mtime: 23 },
      { path: 'lib/y', type: 'file', mtime: 24 },
    ],
  ];

  it('makes the same tree of stacked layers', async (context) => {
    const umoci = requireProgram(context, 'umoci');
    const reason = cannotEnter('identity');
    if (reason !== undefined) skip(context, reason);
    using scratch = temporaryFolder();
    const view = await inNamespace<string[]>(url, 'layoutAndView', { kind: 'identity', args: [scratch.path, layers] });
    const bundle = join(scratch.path, 'bundle');
    execFileSync(umoci, ['unpack', '--image', `${join(scratch.path, 'layout')}:test`, bundle], { stdio: 'pipe' });
    expect(view).toEqual(await inNamespace(url, 'list', { kind: 'identity', args: [join(bundle, 'rootfs')] }));
  });
});

describe('decompress', () => {
  it.each(['gzip', 'zstd', 'bzip2', 'xz'])('reads what %s packs', async (program) => {
    using scratch = temporaryFolder();
    const file = join(scratch.path, 'data');
    const data = Buffer.alloc(3_000_000, 'some data, again and again ');
    writeFileSync(file, data);
    const packed = execFileSync(program, ['-c', file], { maxBuffer: 2 ** 26 });
    writeFileSync(file, packed);
    const parts: Buffer[] = [];
    for await (const part of decompress(createReadStream(file))) parts.push(part);
    expect(Buffer.concat(parts).equals(data)).toBe(true);
  });

  it.each(['bzip2', 'xz'])('refuses damaged %s', async (program) => {
    using scratch = temporaryFolder();
    const file = join(scratch.path, 'data');
    writeFileSync(file, Buffer.alloc(3_000_000, 'some data, again and again '));
    const packed = execFileSync(program, ['-c', file], { maxBuffer: 2 ** 26 });
    writeFileSync(file, packed.subarray(0, -20));
    const read = async () => {
      for await (const _ of decompress(createReadStream(file)));
    };
    await expect(read()).rejects.toMatchObject({ code: 'ARCHIVE_INVALID', message: expect.stringContaining(program) });
  });
});
