import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { tarEntry, type TarEntryInit } from '../../src/archive/entry.ts';
import {
  fixtureRegistry,
  projectFolder,
  run,
  skip,
  type TestEnvironment,
  testEnvironment,
} from '../support/environment.ts';
import { packTar } from '../support/pack-tar.ts';
import { registryMissing, startRegistry, type TestRegistry } from '../support/registry.ts';
import { type HandMadeLayer, layer, layersOf, pushByHand } from './hand-made-image.ts';
import { expectNothingLeft } from './machine.ts';

/* Base images, contexts and archives that were made to break out, build as far as their names mean no harm. */

let mirror = '';
let registry: TestRegistry | undefined;
let base: readonly HandMadeLayer[] = [];
beforeAll(async () => {
  mirror = await fixtureRegistry('busybox');
  if (registryMissing() !== undefined) return;
  registry = await startRegistry();
  base = await layersOf(mirror, 'library/busybox');
}, 60_000);
afterAll(() => registry?.close());

const ESCAPE = 'polyarch-escape';
type Member = TarEntryInit & { readonly text?: string };
const file = (path: string, text = 'x'): Member => ({ type: 'file', path, text });
const symlink = (path: string, linkname: string): Member => ({ type: 'symlink', path, linkname });
const hardlink = (path: string, linkname: string): Member => ({ type: 'hardlink', path, linkname });

/** The names as they are: packTar would not write some of them. */
const tar = (...members: Member[]): Buffer => packTar(members.map((member) => ({ ...tarEntry(member), ...member })));

/** Nothing got out: neither to the root of this machine, nor to any folder above the store. */
function expectNoEscape(environment: TestEnvironment): void {
  mkdirSync(join(environment.home, 'snapshots'), { recursive: true });
  for (let folder = join(environment.home, 'snapshots'); ; folder = dirname(folder)) {
    const found = readdirSync(folder).filter((name) => name.includes(ESCAPE));
    expect(found, folder).toEqual([]);
    if (folder === '/') break;
  }
  expect(existsSync(`/etc/${ESCAPE}`)).toBe(false);
  const deep = readdirSync(environment.home).filter((name) => !['content', 'snapshots'].includes(name));
  for (const name of deep) expect(name).not.toContain(ESCAPE);
}

const up = '../'.repeat(20);

describe('a base image with a hostile layer', () => {
  it.for<readonly [string, Buffer, string]>([
    ['a name with ..', tar(file(`${up}${ESCAPE}`)), '(ARCHIVE_UNSAFE)|0'],
    ['a name with .. inside', tar(file(`a/../../${ESCAPE}`)), '(ARCHIVE_UNSAFE)|0'],
    ['an absolute name', tar(file(`/etc/${ESCAPE}`)), '0'],
    ['a file through a symlink', tar(symlink('out', '/'), file(`out/${ESCAPE}`)), '(ARCHIVE_UNSAFE)|0'],
    ['a file through a relative symlink', tar(symlink('out', up), file(`out/${ESCAPE}`)), '(ARCHIVE_UNSAFE)|0'],
    ['a hardlink to what is outside', tar(hardlink('stolen', `${up}etc/passwd`)), '(ARCHIVE_UNSAFE|ARCHIVE_INVALID)'],
    [
      'a hardlink through a symlink',
      tar(symlink('out', up), hardlink('stolen', 'out/etc/passwd')),
      '(ARCHIVE_UNSAFE|ARCHIVE_INVALID)',
    ],
    ['a write through a hardlink to a symlink', tar(symlink('s', `/${ESCAPE}`), hardlink('h', 's'), file('h')), '0'],
    ['whiteouts of . and ..', tar(file('.wh..'), file('.wh...'), file('d/.wh...')), '(ARCHIVE_[A-Z]+)|0'],
    [
      'devices',
      tar(
        { type: 'block', path: 'disk', devMajor: 254, devMinor: 0, mode: 0o666 },
        { type: 'char', path: 'mem', devMajor: 1, devMinor: 1, mode: 0o666 },
      ),
      '0',
    ],
    [
      'one name many times',
      tar(
        file('bin/twice', 'a'),
        symlink('bin/twice', '/etc'),
        { type: 'directory', path: 'bin/twice' },
        file('bin/twice', 'last'),
      ),
      '0',
    ],
    ['a cut tar', tar(file('long', 'x'.repeat(5000))).subarray(0, 2000), '(ARCHIVE_TRUNCATED)'],
    ['no tar at all', Buffer.from('this is no archive'.repeat(100)), '(ARCHIVE_[A-Z]+)'],
    [
      '/etc, /proc and /dev as links',
      tar(
        symlink('proc', '/'),
        symlink('dev', `${up}tmp`),
        symlink('etc/resolv.conf', `${up}etc/${ESCAPE}`),
        symlink('etc/hosts', `/${ESCAPE}`),
        symlink('work', up),
      ),
      '[0-9A-Z_|()]+',
    ],
  ])('with %s', async ([, bytes, outcome], context) => {
    if (registry === undefined) return skip(context, registryMissing() ?? '');
    using environment = testEnvironment();
    const reference = await pushByHand(registry.host, `hostile/${Math.random().toString(36).slice(2)}`, [
      ...base,
      layer(bytes),
    ]);
    environment.write({
      Dockerfile: `FROM ${reference}\nWORKDIR /work/deeper\nRUN ls / > /list; cat /disk /mem 2>/dev/null; cat /bin/twice 2>/dev/null; true\nCOPY file /out/copied\nCOPY file /work/copied\n`,
      file: 'x',
    });
    const before = readFileSync('/etc/passwd', 'utf8');
    const { code, stderr } = await environment.polyarch(['build', '--progress=plain', '-t', 'app', '.'], {
      allowFailure: true,
    });
    expect(stderr).not.toContain('internal error');
    const said = code === 0 ? '0' : (/^ERROR: .*\[([A-Z_]+)\]$/m.exec(stderr)?.[1] ?? stderr);
    expect(said, stderr).toMatch(new RegExp(`^(?:${outcome})$`));
    if (code !== 0) expect((await environment.polyarch(['images', '-q'])).stdout).toBe('');
    expect(readFileSync('/etc/passwd', 'utf8')).toBe(before);
    expectNoEscape(environment);
    await expectNothingLeft(environment);
  });

  it('that names another layer’s diffID neither builds nor spoils that layer', async (context) => {
    if (registry === undefined) return skip(context, registryMissing() ?? '');
    using environment = testEnvironment({ mirror });
    const lying = layer(tar(file('bin/evil', 'evil')), base[0]?.diffId);
    const reference = await pushByHand(registry.host, 'hostile/lying', [lying]);
    environment.write({
      Dockerfile: `FROM ${reference}\nCOPY file /file\n`,
      file: 'x',
      'good/Dockerfile': 'FROM busybox\nRUN ls /bin/evil && exit 1; echo good > /good\n',
    });
    const { code, stderr } = await environment.polyarch(['build', '-o', 'out', '.'], { allowFailure: true });
    expect(code).toBe(1);
    expect(stderr).toContain('[DIGEST_MISMATCH]');
    await environment.polyarch(['build', 'good']);
    await expectNothingLeft(environment);
  });

  it('with a diffID that is a path, is refused', async (context) => {
    if (registry === undefined) return skip(context, registryMissing() ?? '');
    using environment = testEnvironment();
    for (const diffId of [`sha256:${up}${ESCAPE}`, `${up}${ESCAPE}`, 'sha256:', 'sha256:ABC']) {
      const reference = await pushByHand(registry.host, 'hostile/path', [layer(tar(file('x')), diffId)]);
      environment.write({ Dockerfile: `FROM ${reference}\nCOPY file /file\n`, file: 'x' });
      const { code, stderr } = await environment.polyarch(['build', '--pull', '.'], { allowFailure: true });
      expect(code, diffId).toBe(1);
      expect(stderr).toMatch(/^ERROR: .*\[[A-Z_]+\]$/m);
      expect(stderr).not.toContain('internal error');
    }
    expectNoEscape(environment);
  });

  it('that expands beyond the disk ends in NO_SPACE and gives the space back', async (context) => {
    if (registry === undefined) return skip(context, registryMissing() ?? '');
    using environment = testEnvironment();
    const bomb = tar(file('bomb', '\0'.repeat(100_000_000)));
    const reference = await pushByHand(registry.host, 'hostile/bomb', [...base, layer(bomb)]);
    environment.write({ Dockerfile: `FROM ${reference}\nRUN true\n` });
    mkdirSync(environment.home);
    const script = `mount -t tmpfs -o size=40m tmpfs ${environment.home} && "$@" 2>said; echo $?; du -sm ${environment.home}/snapshots | cut -f1`;
    const { stdout } = await run(
      [
        'unshare',
        '--mount',
        '--propagation',
        'private',
        'sh',
        '-c',
        script,
        'sh',
        join(projectFolder, 'bin/polyarch'),
        'build',
        '.',
      ],
      { cwd: environment.folder, env: environment.env },
    );
    const [code, used] = stdout.trim().split('\n').map(Number);
    expect(code).toBe(1);
    expect(readFileSync(join(environment.folder, 'said'), 'utf8')).toContain('[NO_SPACE]');
    expect(used).toBeLessThan(5);
  });
});

describe('a hostile archive', () => {
  const cases: readonly (readonly [string, Buffer])[] = [
    ['a name with ..', tar(file('Dockerfile', 'FROM busybox\n'), file(`${up}${ESCAPE}`))],
    ['an absolute name', tar(file('Dockerfile', 'FROM busybox\n'), file(`/etc/${ESCAPE}`))],
    ['a file through a symlink', tar(file('Dockerfile', 'FROM busybox\n'), symlink('out', '/'), file(`out/${ESCAPE}`))],
    ['a hardlink to what is outside', tar(file('Dockerfile', 'FROM busybox\n'), hardlink('stolen', `${up}etc/passwd`))],
    ['devices', tar(file('Dockerfile', 'FROM busybox\n'), { type: 'block', path: 'disk', devMajor: 254, devMinor: 0 })],
    ['a Dockerfile that is a link to what is outside', tar(symlink('Dockerfile', '/etc/passwd'))],
    [
      'an ignore file that is a link to what is outside',
      tar(file('Dockerfile', 'FROM busybox\n'), symlink('.dockerignore', '/etc/passwd')),
    ],
    ['a Dockerfile that is a FIFO', tar({ type: 'fifo', path: 'Dockerfile' })],
    [
      'one name many times',
      tar(file('Dockerfile', 'FROM busybox AS wrong\nRUN exit 9\n'), file('Dockerfile', 'FROM busybox\n')),
    ],
    ['a cut end', tar(file('Dockerfile', 'FROM busybox\n'), file('long', 'x'.repeat(5000))).subarray(0, 3000)],
  ];

  it.each(cases)('as the context on stdin, with %s, stays inside', async (_name, bytes) => {
    using environment = testEnvironment({ mirror });
    writeFileSync(join(environment.folder, 'context.tar'), bytes);
    const program = join(projectFolder, 'bin/polyarch');
    const { code, stderr } = await run(['sh', '-c', `"$0" build -t app - < context.tar`, program], {
      cwd: environment.folder,
      env: environment.env,
      allowFailure: true,
    });
    expect(stderr).not.toContain('internal error');
    if (code !== 0) expect(stderr).toMatch(/^ERROR: .*\[[A-Z_]+\]$/m);
    expect(stderr).not.toContain('root:');
    expectNoEscape(environment);
    await expectNothingLeft(environment);
  });

  it.each(cases)('in ADD, with %s, stays inside', async (_name, bytes) => {
    using environment = testEnvironment({ mirror });
    environment.write({ Dockerfile: 'FROM busybox\nADD evil.tar /into/\n' });
    writeFileSync(join(environment.folder, 'evil.tar'), bytes);
    const { code, stderr } = await environment.polyarch(['build', '-t', 'app', '-o', 'out', '.'], {
      allowFailure: true,
    });
    expect(stderr).not.toContain('internal error');
    if (code !== 0) expect(stderr).toMatch(/^ERROR: .*evil\.tar.*\[[A-Z_]+\]$/m);
    expectNoEscape(environment);
    expect(existsSync(join(environment.folder, ESCAPE))).toBe(false);
    await expectNothingLeft(environment);
  });
});
