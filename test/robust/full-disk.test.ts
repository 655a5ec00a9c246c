import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { fixtureRegistry, projectFolder, run, testEnvironment } from '../support/environment.ts';

/* Stores on disks that are full, read-only, damaged or oddly named. */

let mirror = '';
beforeAll(async () => {
  mirror = await fixtureRegistry('busybox');
}, 60_000);

const program = join(projectFolder, 'bin/polyarch');
const BUILD = `"${program}" build --progress=none --platform linux/amd64,linux/arm64 -t app .`;

/** Runs shell lines in a mount namespace of their own. */
function inMountNamespace(script: string, options: { cwd: string; env: Readonly<NodeJS.ProcessEnv> }) {
  return run(['unshare', '--mount', '--propagation', 'private', 'sh', '-c', script], {
    ...options,
    allowFailure: true,
  });
}

describe('a store on a full disk', () => {
  // Where each fills up: the database, a blob, unpacking, copying, a step, packing.
  it.each(['64k', '1500k', '8m', '26m'])(
    'of %s fails with NO_SPACE and the place, and works once there is space',
    async (size) => {
      using environment = testEnvironment({ mirror });
      environment.write({ Dockerfile: 'FROM busybox\nCOPY big /big\nRUN cat /big /big > /twice\n' });
      await run(['dd', 'if=/dev/urandom', `of=${join(environment.folder, 'big')}`, 'bs=1M', 'count=3', 'status=none']);
      mkdirSync(environment.home);
      const script = `mount -t tmpfs -o size=${size} tmpfs ${environment.home} || exit 99
${BUILD} 2>first; echo $?; mount -o remount,size=200m ${environment.home}; ${BUILD} 2>second; echo $?; ls -A ${environment.home}/content/ingest ${environment.home}/snapshots/.work ${environment.home}/tmp`;
      const { stdout } = await inMountNamespace(script, { cwd: environment.folder, env: environment.env });
      const said = (name: string) => readFileSync(join(environment.folder, name), 'utf8');
      const [first, second, ...left] = stdout.trim().split('\n');
      expect(first, said('first')).toBe('1');
      expect(said('first')).toMatch(/^ERROR: .*\[NO_SPACE\]$/m);
      expect(said('first')).toMatch(new RegExp(`^ERROR: .*${environment.home}`, 'm'));
      expect(said('first')).not.toMatch(/internal error|node:events/);
      expect(second, said('second')).toBe('0');
      expect(left.filter((line) => line !== '' && !line.endsWith(':'))).toEqual([]);
    },
  );
});

describe('an output on a full disk', () => {
  const LOCAL = 'type=local,dest=out/place';
  it.each([
    ['a folder', LOCAL, 'place'],
    ['a folder to be emptied', `${LOCAL},mode=delete`, 'place'],
    ['a folder on a disk of its own', 'type=local,dest=out', ''],
    ['a tar', 'type=tar,dest=out/place/b', 'place/b'],
    ['an OCI archive', 'type=oci,dest=out/place/b', 'place/b'],
    ['a Docker archive', 'type=docker,dest=out/place/b', 'place/b'],
  ])('%s: NO_SPACE with the place, and what was there is untouched', async (_name, output, place) => {
    using environment = testEnvironment({ mirror });
    environment.write({ Dockerfile: 'FROM scratch\nCOPY a b c /\n', a: 'new', c: 'new', 'out/': '' });
    await run(['dd', 'if=/dev/urandom', `of=${join(environment.folder, 'b')}`, 'bs=1M', 'count=3', 'status=none']);
    const there = place === '' ? 'out' : 'out/place';
    const script = `mount -t tmpfs -o size=2m tmpfs out && mkdir -p ${there} && echo old > ${there}/a && echo old > ${there}/b || exit 99
"${program}" build --progress=none -o "${output}" . ; echo $?; find out -type f -exec grep -H '' {} +; ls -A ${there}`;
    const { stdout, stderr } = await inMountNamespace(script, { cwd: environment.folder, env: environment.env });
    expect(stdout.trim().split('\n').toSorted(), stderr).toEqual(
      ['1', `${there}/a:old`, `${there}/b:old`, 'a', 'b'].toSorted(),
    );
    expect(stderr).toMatch(new RegExp(`^ERROR: .*[ /]${join('out', place)} \\[NO_SPACE\\]$`, 'm'));
    expect(stderr).not.toContain('.polyarch-');
  });

  it('that has room for it is written whole', async () => {
    using environment = testEnvironment({ mirror });
    environment.write({ Dockerfile: 'FROM scratch\nCOPY a d /\n', a: 'new', 'd/e/f': 'new', 'out/': '' });
    const script = `mount -t tmpfs -o size=2m tmpfs out && mkdir -p out/e && echo old > out/e/g || exit 99
"${program}" build --progress=none -o out . && find out -type f | sort`;
    const { stdout, stderr } = await inMountNamespace(script, { cwd: environment.folder, env: environment.env });
    expect(stdout.trim().split('\n'), stderr).toEqual(['out/a', 'out/e/f', 'out/e/g']);
  });
});

describe('a store', () => {
  it('that cannot be written is told with its place', async () => {
    using environment = testEnvironment({ mirror });
    environment.write({ Dockerfile: 'FROM busybox\nRUN true\n' });
    const script = `mkdir ${environment.home}; ${BUILD} 2>/dev/null; mount --bind ${environment.home} ${environment.home} && mount -o remount,bind,ro ${environment.home}; ${BUILD}`;
    const { code, stderr } = await inMountNamespace(script, { cwd: environment.folder, env: environment.env });
    expect(code).toBe(1);
    expect(stderr).toMatch(new RegExp(`^ERROR: ${environment.home}.*\\[STORE_UNUSABLE\\]$`, 'm'));
  });

  it('that is a file, or whose database is damaged, is told with the mend', async () => {
    using environment = testEnvironment({ mirror });
    environment.write({ Dockerfile: 'FROM busybox\n', file: 'text' });
    const home = join(environment.folder, 'file');
    const file = await environment.polyarch(['build', '.'], { env: { POLYARCH_HOME: home }, allowFailure: true });
    expect(file.stderr).toMatch(/^ERROR: .*file.*\[STORE_UNUSABLE\]$/m);
    mkdirSync(environment.home);
    writeFileSync(join(environment.home, 'state.db'), 'no database at all'.repeat(1000));
    const damaged = await environment.polyarch(['build', '.'], { allowFailure: true });
    expect(damaged.code).toBe(1);
    expect(damaged.stderr).toMatch(/^ERROR: .*state\.db.*\[STORE_DAMAGED\]$/m);
    expect(damaged.stderr).toContain('move');
  });

  it.each(['relative/store', 'a b:c,d\\e%s"\'', 'ünï/cödé'])('may be called %s', async (name) => {
    using environment = testEnvironment({ mirror });
    environment.write({ Dockerfile: 'FROM busybox\nRUN uname -m > /arch\nRUN cat /arch\n' });
    const env = { POLYARCH_HOME: name.startsWith('relative') ? name : join(environment.folder, name) };
    await environment.polyarch(['build', '--platform=linux/amd64,linux/arm64', '-o', 'out', '.'], { env });
    expect(readFileSync(join(environment.folder, 'out/linux_arm64/arch'), 'utf8')).toBe('aarch64\n');
  });
});
