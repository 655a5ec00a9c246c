import { describe, expect, it } from 'vitest';
import { skip, temporaryFolder } from '../support/environment.ts';
import { cannotEnter, giveFolder, inNamespace } from '../support/namespace.ts';
import type { NamespaceKind } from '../support/namespace.ts';
import type { Member, Members, UnpackReport } from './hostile.ts';

const scenario = new URL('./hostile.ts', import.meta.url);

function file(path: string, more: Partial<Member> = {}): Member {
  return { path, type: 'file', ...more };
}
function folder(path: string, more: Partial<Member> = {}): Member {
  return { path, type: 'directory', ...more };
}
function link(path: string, linkname: string): Member {
  return { path, type: 'symlink', linkname };
}
function hard(path: string, linkname: string): Member {
  return { path, type: 'hardlink', linkname };
}

async function unpack(
  archives: Readonly<Record<string, Members>>,
  options: object = {},
  kind: NamespaceKind = 'identity',
) {
  using scratch = temporaryFolder();
  giveFolder(scratch.path, kind);
  return await inNamespace<Record<string, UnpackReport>>(scenario, 'unpackEach', {
    kind,
    args: [scratch.path, archives, options],
  });
}

/** Path, and what it is. */
function shape(report: UnpackReport | undefined): string[] {
  return (report?.tree ?? []).map((line) => {
    const [path, type, , , , ...rest] = line.split(' ');
    const kind =
      { '40000': '/', '120000': rest.slice(0, 2).join(' '), '20000': 'char', '10000': 'fifo' }[type ?? ''] ?? '';
    const opaque = rest.includes('opaque') ? ' opaque' : '';
    return `${path} ${kind}${opaque}${rest.at(-2) === '=' ? ` = ${rest.at(-1)}` : ''}`.trim();
  });
}

describe('a hostile archive', () => {
  const refused: Readonly<Record<string, Members>> = {
    'a name that climbs out': [file('../secret')],
    'a name that climbs out in the middle': [file('a/../../secret')],
    'an absolute name that climbs out': [file('/../../secret')],
    'a symlink to outside as a parent': [link('out', '..'), file('out/secret')],
    'a long way out': [link('out', '../../../../../../../..'), file('out/polyarch-escape')],
    'symlinks that lead out together': [
      folder('a/b'),
      link('a/b/up', '../..'),
      link('out', 'a/b/up/..'),
      file('out/secret'),
    ],
    'a symlink loop': [link('a', 'b'), link('b', 'a'), file('a/x')],
    'a symlink to itself': [link('a', 'a/a'), file('a/x')],
    'a file as a parent': [file('a'), file('a/b')],
    'a dangling parent': [link('a', 'nowhere'), file('a/b')],
    'a hardlink to outside': [hard('a', '../secret')],
    'a hardlink through a symlink to outside': [link('out', '..'), hard('a', 'out/secret')],
    'a hardlink to nothing': [hard('a', 'b')],
    'a hardlink to a folder': [folder('d'), hard('a', 'd')],
    'a hardlink to a whiteout': [file('.wh.gone', { size: 0 }), hard('a', 'gone')],
    'the root as a file': [file('./')],
    'the root as a symlink': [link('.', '/tmp')],
    'a whiteout of the parent': [file('d/.wh...', { size: 0 })],
    'a whiteout of its folder': [file('d/.wh..', { size: 0 })],
    'a whiteout of nothing': [file('d/.wh.', { size: 0 })],
  };

  it('is refused, and nothing outside is touched', async () => {
    const reports = await unpack(refused);
    expect(
      Object.fromEntries(Object.entries(reports).map(([name, { code, outside }]) => [name, [code, outside]])),
    ).toEqual(
      Object.fromEntries(Object.keys(refused).map((name) => [name, ['ARCHIVE_UNSAFE', 'untouched,untouched']])),
    );
    expect(reports['a name that climbs out']?.message).toContain('../secret');
  });

  it.each<readonly [string, Members, readonly string[]]>([
    ['absolute names land inside', [file('/etc/a')], ['etc /', 'etc/a']],
    ['names are cleaned', [file('./a//b/./c/../d')], ['a /', 'a/b /', 'a/b/d']],
    [
      'an absolute symlink leads inside',
      [folder('run'), link('var/run', '/run'), file('var/run/x')],
      ['run /', 'run/x', 'var /', 'var/run → /run'],
    ],
    ['a symlink is not written through', [link('a', '/etc/passwd'), file('a')], ['a']],
    ['a symlink to outside is only kept', [link('a', '../../secret'), file('b')], ['a → ../../secret', 'b']],
    [
      'a hardlink to a symlink is a symlink',
      [link('a', '../secret'), hard('b', 'a')],
      ['a → ../secret', 'b → ../secret = a'],
    ],
    ['the last of two files wins', [file('a', { size: 5 }), file('a')], ['a']],
    ['a file takes a folder’s place', [folder('a'), file('a/b'), folder('a/c'), file('a')], ['a']],
    ['a folder takes a file’s place', [file('a'), folder('a'), file('a/b')], ['a /', 'a/b']],
    [
      'a folder takes a symlink’s place',
      [folder('b'), link('a', 'b'), folder('a'), file('a/c')],
      ['a /', 'a/c', 'b /'],
    ],
    [
      'what replaced a folder is forgotten',
      [folder('a'), file('a/b'), file('a'), folder('a'), file('a/c')],
      ['a /', 'a/c'],
    ],
    ['a hardlink’s other name stays', [file('a'), hard('b', 'a'), file('a', { size: 3 })], ['a', 'b']],
    ['a hardlink to itself stays', [file('a'), hard('a', './a')], ['a']],
    ['a device 0:0 is no whiteout', [{ path: 'a', type: 'char' }, file('b')], ['b']],
    [
      'overlayfs’s own attributes are left out',
      [{ ...folder('a'), attributes: { 'user.overlay.opaque': 'y', 'trusted.overlay.opaque': 'y' } }],
      ['a /'],
    ],
    ['a FIFO is made', [{ path: 'p', type: 'fifo' }], ['p fifo']],
  ])('%s', async (name, members, expected) => {
    const { [name]: report } = await unpack({ [name]: members });
    expect(report?.code).toBeUndefined();
    expect(shape(report)).toEqual(expected);
    expect(report?.outside).toBe('untouched,untouched');
  });
});

describe('whiteouts', () => {
  const gone = file('.wh.gone', { size: 0 });
  it.each<readonly [string, Members, readonly string[]]>([
    ['become devices 0:0', [gone], ['gone char']],
    ['do not remove what the layer itself has', [file('gone'), gone], ['gone']],
    ['give way to a later file', [gone, file('gone')], ['gone']],
    ['make a later folder opaque', [gone, folder('gone')], ['gone / opaque']],
    ['make a folder that is there opaque', [folder('gone'), file('gone/x'), gone], ['gone / opaque', 'gone/x']],
    ['make an implied folder opaque', [gone, file('gone/x')], ['gone / opaque', 'gone/x']],
    ['mark opaque folders', [folder('d'), file('d/.wh..wh..opq', { size: 0 }), file('d/x')], ['d / opaque', 'd/x']],
    [
      'mark opaque folders late',
      [folder('d'), file('d/x'), file('d/.wh..wh..opq', { size: 0 })],
      ['d / opaque', 'd/x'],
    ],
    ['pass over AUFS’s bookkeeping', [file('.wh..wh.plnk', { size: 0 }), file('a')], ['a']],
    ['twice are one', [gone, gone], ['gone char']],
  ])('%s', async (name, members, expected) => {
    const { [name]: report } = await unpack({ [name]: members });
    expect(report?.code).toBeUndefined();
    expect(shape(report)).toEqual(expected);
  });
});

describe('attributes', () => {
  const members: Members = [
    folder('d', { mode: 0o2755, mtime: 1_600_000_000 }),
    { ...file('d/a', { mode: 0o4711, uid: 1, gid: 2, mtime: 1_700_000_000 }), attributes: { 'user.note': 'hi' } },
    file('d/unreadable', { mode: 0 }),
    file('d/writable', { mode: 0o1666, mtime: -3 }),
    { path: 'd/l', type: 'symlink', linkname: 'a', mtime: 5, uid: 3, gid: 3 },
    folder('shut', { mode: 0, uid: 7, gid: 7, mtime: 9 }),
    file('shut/in', { mtime: 8 }),
  ];

  it.each<NamespaceKind>(['identity', 'subordinate'])('are kept exactly (%s ids)', async (kind) => {
    const { all } = await unpack({ all: members }, {}, kind);
    expect(all?.code).toBeUndefined();
    expect(all?.warnings).toEqual([]);
    expect(all?.tree.map((line) => line.replace(/ \d+ [0-9a-f]{12}/, ''))).toEqual([
      'd 40000 2755 0:0 1600000000000000000 /',
      'd/a 100000 4711 1:2 1700000000000000000 user.note=6869',
      'd/l 120000 777 3:3 5000000000 → a',
      'd/unreadable 100000 0 0:0 0',
      'd/writable 100000 1666 0:0 -3000000000',
      'shut 40000 0 7:7 9000000000 /',
      'shut/in 100000 644 0:0 8000000000',
    ]);
  });

  it('keep file capabilities', async () => {
    const capability = Buffer.from([1, 0, 0, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    const { ping } = await unpack({
      ping: [
        { ...file('ping', { uid: 1, gid: 1 }), attributes: { 'security.capability': capability.toString('latin1') } },
      ],
    });
    expect(ping?.tree[0]).toContain(`security.capability=${capability.toString('hex')}`);
  });

  it('that the kernel refuses are told', async () => {
    const { all } = await unpack({
      all: [
        { path: 'dev/sda', type: 'block', devMajor: 8 },
        { ...file('a'), attributes: { 'trusted.x': '1' } },
        { ...file('b'), attributes: { 'trusted.x': '1' } },
      ],
    });
    expect(all?.warnings.map(({ code, path }) => [code, path])).toEqual([
      ['DEVICE_SKIPPED', 'dev/sda'],
      ['XATTR_SKIPPED', 'a'],
    ]);
  });

  it('of other owners are refused or flattened where there is one id', async (context) => {
    const reason = cannotEnter('single');
    if (reason !== undefined) skip(context, reason);
    const archive: Members = [
      file('a', { uid: 5, gid: 5, mode: 0o4755 }),
      file('b', { uid: 6 }),
      folder('d', { uid: 7, mode: 0o711 }),
    ];
    const { strict } = await unpack({ strict: archive }, {}, 'single');
    expect(strict?.code).toBe('OWNER_UNMAPPED');
    const { flat } = await unpack({ flat: archive }, { flattenOwners: true }, 'single');
    expect(flat?.code).toBeUndefined();
    expect(flat?.warnings.map(({ code }) => code)).toEqual(['OWNERS_FLATTENED']);
    expect(flat?.tree.map((line) => line.split(' ').slice(0, 4).join(' '))).toEqual([
      'a 100000 4755 0:0',
      'b 100000 644 0:0',
      'd 40000 711 0:0',
    ]);
  });
});
