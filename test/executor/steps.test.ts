import { existsSync, lstatSync, mkdirSync, readdirSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { requireProgram, temporaryFolder } from '../support/environment.ts';
import { type Client, type StepOptions, startClient, step } from './client.ts';
import { makeRootfs } from './rootfs.ts';
import type { Answer } from './test-worker.ts';

const folder = temporaryFolder();
let client: Client;
let count = 0;

beforeAll(async () => {
  client = await startClient(folder.path);
});

afterAll(async () => {
  await client[Symbol.asyncDispose]();
  folder[Symbol.dispose]();
});

async function newRootfs(): Promise<string> {
  count += 1;
  return makeRootfs(join(folder.path, `rootfs-${count}`), 'amd64');
}

async function shell(script: string, options: Partial<StepOptions> = {}): Promise<Answer> {
  const rootfs = options.rootfs ?? (await newRootfs());
  return client.run(step({ ...options, rootfs, args: ['sh', '-c', script] }));
}

describe('what a step sees', () => {
  const cases: readonly [name: string, script: string, options: Partial<StepOptions>, expected: string][] = [
    [
      'PATH and HOME by default',
      'echo $PATH $HOME',
      {},
      '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin /root',
    ],
    ['its own PATH and HOME', 'echo $PATH $HOME', { env: ['PATH=/bin', 'HOME=/x'] }, '/bin /x'],
    [
      'a user by name, with its groups and home',
      'id; echo $HOME',
      { user: 'app' },
      'uid=1000(app) gid=1000(app) groups=1000(app),2000(extra)\n/home/app',
    ],
    [
      'a user with another group',
      'id',
      { user: 'app:nogroup' },
      'uid=1000(app) gid=65534(nogroup) groups=65534(nogroup)',
    ],
    ['numbers that nobody has', 'id', { user: '12:34' }, 'uid=12 gid=34 groups=34'],
    ['its host name', 'hostname', { hostname: 'here' }, 'here'],
    [
      'extra hosts',
      'grep elsewhere /etc/hosts',
      { extraHosts: [{ host: 'elsewhere', ip: '10.1.2.3' }] },
      '10.1.2.3\telsewhere',
    ],
    [
      'its working folder, made for it',
      'pwd; stat -c %u:%g:%a /a /a/b',
      { cwd: '/a/b', user: 'app' },
      '/a/b\n1000:1000:755\n1000:1000:755',
    ],
    [
      'Docker’s capabilities',
      'grep -E "Cap(Eff|Bnd|Amb)" /proc/self/status',
      {},
      'CapEff:\t00000000a80425fb\nCapBnd:\t00000000a80425fb\nCapAmb:\t0000000000000000',
    ],
    ['no capabilities as another user', 'grep CapEff /proc/self/status', { user: 'app' }, 'CapEff:\t0000000000000000'],
    [
      'every capability when insecure',
      'grep -E "CapEff|Seccomp:" /proc/self/status',
      { security: 'insecure' },
      'CapEff:\t000001ffffffffff\nSeccomp:\t0',
    ],
    ['a seccomp filter', 'grep Seccomp: /proc/self/status', {}, 'Seccomp:\t2'],
    ['only itself', 'echo $$ /proc/[0-9]*', {}, '1 /proc/1'],
    ['no binfmt_misc', 'ls /proc/sys/fs/binfmt_misc', {}, ''],
    [
      'a read-only /proc/sys',
      'echo x > /proc/sys/kernel/hostname || echo refused',
      {},
      "sh: can't create /proc/sys/kernel/hostname: Read-only file system\nrefused",
    ],
    [
      'a read-only /sys, whatever is mounted there',
      'grep -E " /sys[ /]" /proc/mounts | grep -v " ro," || true',
      {},
      '',
    ],
    ['the size of /dev/shm', 'df -k /dev/shm | grep -c " 8192 "', { shmSize: 8 << 20 }, '1'],
    [
      'only lo without a network',
      'ls /sys/class/net >/dev/null; ip link | grep -c "^[0-9]"; ip link | grep -o "lo:.*UP"',
      { network: 'none' },
      '1\nlo: <LOOPBACK,UP,LOWER_UP',
    ],
    ['limits', 'ulimit -n; ulimit -H -n', { ulimits: [{ name: 'nofile', soft: 100, hard: 200 }] }, '100\n200'],
    ['unlimited limits', 'ulimit -c', { ulimits: [{ name: 'core', soft: -1, hard: -1 }] }, 'unlimited'],
    ['device files', 'echo x > /dev/null; test -c /dev/urandom && test -c /dev/tty && echo ok', {}, 'ok'],
    [
      'no way to make namespaces or mounts',
      'unshare -U true; mount -t tmpfs x /home',
      {},
      'unshare: unshare(0x10000000): Operation not permitted\nmount: permission denied (are you root?)',
    ],
  ];
  test.each(cases)('%s', async (_name, script, options, expected) => {
    const answer = await shell(script, options);
    expect(answer.error).toBeUndefined();
    expect(answer.output.trimEnd()).toBe(expected);
  });
});

describe('mounts', () => {
  test('leave nothing behind, nor another time on a folder', async () => {
    const rootfs = await newRootfs();
    mkdirSync(join(rootfs, 'data'));
    writeFileSync(join(folder.path, 'shared'), 'shared text');
    for (const part of ['etc', 'data', '']) utimesSync(join(rootfs, part), 1000, 1000);
    const answer = await shell(
      'cat /data/deep/file /run/secrets/s; stat -c "%a %u %g" /run/secrets/s; touch /data/made 2>&1; echo t > /scratch/t; grep -c /run/secrets /proc/mounts',
      {
        rootfs,
        user: '1000:1000',
        mounts: [
          { kind: 'bind', source: join(folder.path, 'shared'), target: '/data/deep/file', readonly: true },
          { kind: 'secret', target: '/run/secrets/s', data: Buffer.from('hush'), uid: 1000, gid: 7, mode: 0o400 },
          { kind: 'tmpfs', target: '/scratch', size: 1 << 20 },
        ],
      },
    );
    expect(answer.output).toBe('shared texthush400 1000 7\ntouch: /data/made: Permission denied\n1\n');
    expect(readdirSync(rootfs).toSorted()).toEqual(['bin', 'data', 'etc', 'home']);
    expect(readdirSync(join(rootfs, 'data'))).toEqual([]);
    expect(readdirSync(join(rootfs, 'etc')).toSorted()).toEqual(['group', 'passwd']);
    for (const part of ['etc', 'data', '']) expect(lstatSync(join(rootfs, part)).mtimeMs).toBe(1_000_000);
    expect(readdirSync(join(folder.path, 'state'))).toEqual([]);
  });

  test('what the step writes beside a mountpoint stays', async () => {
    const rootfs = await newRootfs();
    await shell('touch /mnt/kept; echo name > /etc/hostname', {
      rootfs,
      mounts: [{ kind: 'tmpfs', target: '/mnt/scratch', size: 0 }],
    });
    expect(readdirSync(join(rootfs, 'mnt'))).toEqual(['kept']);
    expect(readdirSync(join(rootfs, 'etc')).toSorted()).toEqual(['group', 'hostname', 'passwd']);
  });

  test('a link in the image leads nowhere outside of it', async () => {
    const rootfs = await newRootfs();
    const outside = join(folder.path, 'outside');
    mkdirSync(outside);
    symlinkSync(outside, join(rootfs, 'link'));
    symlinkSync('../../../../etc/passwd', join(rootfs, 'etc/up'));
    const answer = await shell('pwd; cat /etc/up | grep -c app', {
      rootfs,
      cwd: '/link/inside',
      user: 'app',
      mounts: [{ kind: 'tmpfs', target: '/link/mounted', size: 0 }],
    });
    expect(answer.output).toBe(`${outside}/inside\n1\n`);
    expect(readdirSync(outside)).toEqual([]);
    expect(existsSync(join(rootfs, outside, 'inside'))).toBe(true);
    expect(existsSync(join(rootfs, outside, 'mounted'))).toBe(false);
  });

  test('a mount of the step takes the place of a default one', async () => {
    writeFileSync(join(folder.path, 'hosts'), 'mine\n');
    const mounts = [
      { kind: 'bind', source: join(folder.path, 'hosts'), target: '/etc/hosts', readonly: false },
    ] as const;
    expect((await shell('cat /etc/hosts', { mounts })).output).toBe('mine\n');
  });

  test('an ssh agent is reached through a socket with the wanted owner', async () => {
    const socket = join(folder.path, 'agent');
    const server = createServer((connection) => connection.end('agent here'));
    await new Promise<void>((resolve) => server.listen(socket, resolve));
    const answer = await shell('stat -c "%F %a %u:%g" /run/agent', {
      user: 'app',
      mounts: [{ kind: 'ssh', target: '/run/agent', socket, uid: 1000, gid: 1000, mode: 0o600 }],
    });
    server.close();
    expect(answer.output).toBe('socket 600 1000:1000\n');
  });

  test('a read-only root takes no file', async () => {
    const answer = await shell('touch /x', { readonlyRootfs: true });
    expect(answer).toMatchObject({ exitCode: 1, output: 'touch: /x: Read-only file system\n' });
  });
});

describe('endings', () => {
  test.each([
    ['exit 0', 0],
    ['exit 37', 37],
    ['sh -c "kill -9 \\$\\$"; exit $?', 137],
  ])('%s gives %i', async (script, exitCode) => {
    expect(await shell(script)).toMatchObject({ exitCode });
  });

  const failures: readonly [name: string, args: readonly string[], options: Partial<StepOptions>, code: string][] = [
    ['a program that is not there', ['nothing'], {}, 'COMMAND_NOT_FOUND'],
    ['a path that is not there', ['/no/thing'], {}, 'COMMAND_NOT_FOUND'],
    ['a file that is no program', ['/etc/passwd'], {}, 'COMMAND_DENIED'],
    ['a user that is not there', ['true'], { user: 'bob' }, 'USER_NOT_FOUND'],
    ['a group that is not there', ['true'], { user: 'app:wheel' }, 'GROUP_NOT_FOUND'],
    ['an unknown limit', ['true'], { ulimits: [{ name: 'nothing', soft: 1, hard: 1 }] }, 'ULIMIT_UNKNOWN'],
    ['an unknown architecture', ['true'], { platform: { os: 'linux', architecture: 'vax' } }, 'NO_EMULATOR'],
    ['another system', ['true'], { platform: { os: 'windows', architecture: 'amd64' } }, 'NO_EMULATOR'],
  ];
  test.each(failures)('%s', async (_name, args, options, code) => {
    const answer = await client.run(step({ ...options, rootfs: await newRootfs(), args }));
    expect(answer.error).toMatchObject({ code, hint: expect.any(String) });
  });

  test('an abort ends every process of the step', async () => {
    const abort = new AbortController();
    const rootfs = await newRootfs();
    const running = client.run(step({ rootfs, args: ['sh', '-c', 'sleep 4242 & touch /started; sleep 4242'] }), abort);
    while (!existsSync(join(rootfs, 'started'))) await new Promise((resolve) => setTimeout(resolve, 10));
    abort.abort();
    expect((await running).error?.code).toBe('AbortError');
    expect((await shell('true')).exitCode).toBe(0);
  });

  test.each([0, 3, 6, 9, 12, 20, 40])('an abort after %i ms leaves the executor whole', async (delay) => {
    const abort = new AbortController();
    const rootfs = await newRootfs();
    const running = client.run(step({ rootfs, args: ['sleep', '4243'] }), abort);
    setTimeout(() => abort.abort(), delay);
    expect((await running).error?.code).toBe('AbortError');
    expect(readdirSync(rootfs).toSorted()).toEqual(['bin', 'etc', 'home']);
  });
});

test('runc does as crun does', async (context) => {
  const runtime = requireProgram(context, 'runc');
  const rootfs = await newRootfs();
  const args = ['sh', '-c', 'id -u; grep Seccomp: /proc/self/status; touch /x; exit 9'];
  const answer = await client.run(step({ rootfs, args, user: 'app' }), { runtime });
  expect(answer.exitCode).toBe(9);
  // Two streams: which of them comes first is not told.
  expect(answer.output.split('\n').toSorted()).toEqual(['', '1000', 'Seccomp:\t2', 'touch: /x: Permission denied']);
  expect(readdirSync(rootfs).toSorted()).toEqual(['bin', 'etc', 'home']);
});
