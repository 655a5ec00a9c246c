import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ARCHITECTURES, architectureRecord, elfMagic, elfMask } from './architectures.ts';
import { binfmtRecord } from './create-emulation.ts';
import { parseBinfmtEntry, entryMatches } from './host-binfmt.ts';
import { register, registration } from './register.ts';

function known(architecture: string): NonNullable<ReturnType<typeof architectureRecord>> {
  const record = architectureRecord(architecture);
  if (record === undefined) throw new Error(architecture);
  return record;
}

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

describe('magic and mask', () => {
  test.each([
    ['arm64', '7f454c460201010000000000000000000200b700', 'ffffffffffffff00fffffffffffffffffeffffff'],
    ['arm', '7f454c4601010100000000000000000002002800', 'ffffffffffffff00fffffffffffffffffeffffff'],
    ['s390x', '7f454c4602020100000000000000000000020016', 'ffffffffffffff00fffffffffffffffffffeffff'],
    ['loong64', '7f454c4602010100000000000000000002000201', 'ffffffffffffff00fffffffffffffffffeffffff'],
  ])('%s', (architecture, magic, mask) => {
    expect(hex(elfMagic(known(architecture)))).toBe(magic);
    expect(hex(elfMask(known(architecture)))).toBe(mask);
  });

  test('no program matches two architectures', () => {
    const matches = ARCHITECTURES.map((record) => {
      const entry = {
        name: 'x',
        interpreter: '/x',
        flags: '',
        magic: hex(elfMagic(record)),
        mask: hex(elfMask(record)),
        offset: 0,
      };
      return ARCHITECTURES.filter((other) => entryMatches(entry, other)).map((other) => other.architecture);
    });
    expect(matches).toEqual(ARCHITECTURES.map((record) => [record.architecture]));
  });
});

describe('registration', () => {
  test('is a line as the kernel wants it', () => {
    expect(registration(binfmtRecord(known('arm64'), '/usr/bin/qemu-aarch64-static'))).toBe(
      String.raw`:polyarch-aarch64:M::\x7f\x45\x4c\x46\x02\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00\xb7\x00:\xff\xff\xff\xff\xff\xff\xff\x00\xff\xff\xff\xff\xff\xff\xff\xff\xfe\xff\xff\xff:/usr/bin/qemu-aarch64-static:PFC`,
    );
  });

  test('takes another delimiter for a path with a colon', () => {
    expect(registration(binfmtRecord(known('arm'), '/a:b/qemu'))).toMatch(
      /^\|polyarch-arm\|M\|\|.*\|\/a:b\/qemu\|PFC$/,
    );
  });

  test('refuses a path that does not fit', () => {
    expect(() => registration(binfmtRecord(known('arm'), `/${'x'.repeat(2000)}`))).toThrow(/too long/);
  });
});

describe('register', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'polyarch-binfmt-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));
  const record = binfmtRecord(known('arm'), '/usr/bin/qemu-arm-static');

  test('writes once', () => {
    register(record, folder);
    expect(readFileSync(join(folder, 'register'), 'utf8')).toBe(registration(record));
    writeFileSync(join(folder, 'polyarch-arm'), 'enabled\ninterpreter /usr/bin/qemu-arm-static\n');
    rmSync(join(folder, 'register'));
    register(record, folder);
    expect(() => readFileSync(join(folder, 'register'))).toThrow('ENOENT');
  });

  test('replaces another interpreter', () => {
    writeFileSync(join(folder, 'polyarch-arm'), 'enabled\ninterpreter /other\n');
    register(record, folder);
    expect(readFileSync(join(folder, 'polyarch-arm'), 'utf8')).toBe('-1');
    expect(readFileSync(join(folder, 'register'), 'utf8')).toBe(registration(record));
  });
});

describe('entries of the host', () => {
  const text = [
    'enabled',
    'interpreter /usr/libexec/qemu-binfmt/aarch64-binfmt-P',
    'flags: POCF',
    'offset 0',
    'magic 7f454c460201010000000000000000000200b700',
    'mask ffffffffffffff00fffffffffffffffffeffffff',
    '',
  ].join('\n');

  test('are understood', () => {
    const entry = parseBinfmtEntry('qemu-aarch64', text);
    expect(entry).toMatchObject({ interpreter: '/usr/libexec/qemu-binfmt/aarch64-binfmt-P', flags: 'POCF', offset: 0 });
    if (entry === undefined) throw new Error('not parsed');
    expect(entryMatches(entry, known('arm64'))).toBe(true);
    expect(entryMatches(entry, known('riscv64'))).toBe(false);
  });

  test.each([
    ['disabled', text.replace('enabled', 'disabled')],
    ['by file name', 'enabled\ninterpreter /usr/bin/wine\nflags: \nextension .exe\n'],
  ])('are left out when %s', (_name, entry) => {
    expect(parseBinfmtEntry('x', entry)).toBeUndefined();
  });
});
