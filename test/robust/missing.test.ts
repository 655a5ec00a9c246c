import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import {
  fixtureRegistry,
  projectFolder,
  run,
  skip,
  type TestEnvironment,
  testEnvironment,
} from '../support/environment.ts';
import { layerNames } from './layers.ts';
import { expectNothingLeft } from './machine.ts';
import { noPerson, polyarchAsPerson } from './person.ts';

/* Machines that lack something: a coded error with the exact mend, and whatever does not need it still works. */

let mirror = '';
beforeAll(async () => {
  mirror = await fixtureRegistry('busybox');
}, 60_000);

const FOLDERS = ['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin'];

/** Shell lines that hide programs in this mount namespace: a file that cannot be executed covers each. */
function hide(environment: TestEnvironment, pattern: RegExp): string[] {
  const cover = join(environment.folder, '..', 'not-a-program');
  writeFileSync(cover, '', { mode: 0o644 });
  const found = FOLDERS.flatMap((folder) =>
    readdirSync(folder)
      .filter((name) => pattern.test(name))
      .map((name) => `${folder}/${name}`),
  );
  return found.map((path) => `mount --bind ${cover} "$(readlink -f ${path})" 2>/dev/null || true`);
}

async function polyarchWithout(environment: TestEnvironment, pattern: RegExp, args: readonly string[]) {
  const script = [...hide(environment, pattern), 'exec "$@"'].join('\n');
  const program = [join(projectFolder, 'bin/polyarch'), ...args];
  return run(['unshare', '--mount', '--propagation', 'private', 'sh', '-c', script, 'sh', ...program], {
    cwd: environment.folder,
    env: environment.env,
    allowFailure: true,
  });
}

describe('without an emulator', () => {
  it('a RUN for a foreign platform fails with NO_EMULATOR and the mend, before other steps end', async () => {
    using environment = testEnvironment({ mirror });
    environment.write({ Dockerfile: 'FROM busybox\nRUN uname -m\n' });
    const { code, stderr } = await polyarchWithout(environment, /^qemu-/, ['build', '--platform=linux/arm64', '.']);
    expect(code).toBe(1);
    expect(stderr).toMatch(/^ERROR: .*linux\/arm64.*\[NO_EMULATOR\]$/m);
    expect(stderr).toMatch(/^hint: .*(?:apt-get install qemu-user-static|polyarch binfmt)/m);
    await expectNothingLeft(environment);
  });

  it('native steps, and platforms that only copy, still build', async () => {
    using environment = testEnvironment({ mirror });
    environment.write({
      Dockerfile: `FROM --platform=$BUILDPLATFORM busybox AS tool
ARG TARGETARCH
RUN echo made for $TARGETARCH > /made
FROM busybox
WORKDIR /into
COPY --from=tool /made .
COPY file /file
`,
      file: 'x',
    });
    const platforms = '--platform=linux/amd64,linux/arm64,linux/s390x';
    const { code, stderr } = await polyarchWithout(environment, /^qemu-/, [
      'build',
      platforms,
      '-o',
      'type=oci,dest=out,tar=false',
      '.',
    ]);
    expect(code, stderr).toBe(0);
    expect(layerNames(join(environment.folder, 'out'), 's390x').slice(1)).toEqual([
      ['into/'],
      ['into/', 'into/made'],
      ['file'],
    ]);
  });
});

describe('a missing program', () => {
  const RUN = 'FROM busybox\nRUN true\n';

  it.each([
    ['crun and runc', /^(?:crun|runc)$/, 'PROGRAM_MISSING', 'apt-get install crun'],
    ['unshare', /^unshare$/, 'PROGRAM_MISSING', 'apt-get install util-linux'],
    ['setpriv', /^setpriv$/, 'PROGRAM_MISSING', 'apt-get install util-linux'],
  ])('%s is told with its package', async (_name, pattern, expected, mend) => {
    using environment = testEnvironment({ mirror });
    environment.write({ Dockerfile: RUN });
    const { code, stderr } = await polyarchWithout(environment, pattern, ['build', '.']);
    expect(code).toBe(1);
    expect(stderr).toMatch(new RegExp(`^ERROR: .*\\[${expected}\\]$`, 'm'));
    expect(stderr).toMatch(new RegExp(`^hint: .*${mend}`, 'm'));
    await expectNothingLeft(environment);
  });

  it('crun does not matter where runc is', async () => {
    using environment = testEnvironment({ mirror });
    environment.write({ Dockerfile: 'FROM busybox\nUSER 7\nRUN uname -m > /tmp/arch; echo x > /dev/stdout\n' });
    const { code, stderr } = await polyarchWithout(environment, /^crun$/, [
      'build',
      '--platform=linux/amd64,linux/arm64',
      '.',
    ]);
    expect(code, stderr).toBe(0);
  });

  it('newuidmap leaves a single id, and is told', async (context) => {
    const reason = noPerson();
    if (reason !== undefined) return skip(context, reason);
    using environment = testEnvironment({ mirror });
    environment.write({ Dockerfile: RUN });
    const before = hide(environment, /^new[ug]idmap$/);
    const { code, stderr } = await polyarchAsPerson(environment, ['build', '.'], { subordinate: true, before });
    expect(code, stderr).toBe(0);
    expect(stderr).toMatch(/note: .*apt-get install uidmap/);
  });
});

describe('without user namespaces', () => {
  it('the build fails with the setting to change; one that runs no step works', async () => {
    using environment = testEnvironment({ mirror });
    environment.write({ Dockerfile: 'FROM busybox\nRUN true\n', 'cached/Dockerfile': 'FROM busybox\nCMD ["x"]\n' });
    // In a user namespace of its own: the machine's own setting stays.
    const inside = (path: string) =>
      run(
        [
          'unshare',
          '-U',
          '-r',
          'sh',
          '-c',
          'echo 0 > /proc/sys/user/max_user_namespaces && exec "$@"',
          'sh',
          join(projectFolder, 'bin/polyarch'),
          'build',
          path,
        ],
        {
          cwd: environment.folder,
          env: environment.env,
          allowFailure: true,
        },
      );
    const failed = await inside('.');
    expect(failed.code).toBe(1);
    expect(failed.stderr).toMatch(/^ERROR: .*max_user_namespaces is 0.*\[USERNS_DISABLED\]$/m);
    expect(failed.stderr).toMatch(/^hint: .*sysctl -w user\.max_user_namespaces=/m);
    const worked = await inside('cached');
    expect(worked.code, worked.stderr).toBe(0);
    await expectNothingLeft(environment);
  });
});
