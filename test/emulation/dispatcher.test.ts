import { chmodSync, copyFileSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { temporaryFolder } from '../support/environment.ts';
import { type Client, startClient, step } from '../executor/client.ts';
import type { Answer } from '../executor/test-worker.ts';
import { type BusyboxPack, makeBusyboxPack } from './busybox-pack.ts';

const folder = temporaryFolder();
let client: Client;

beforeAll(async () => {
  client = await startClient(folder.path);
});

afterAll(async () => {
  await client[Symbol.asyncDispose]();
  folder[Symbol.dispose]();
});

/** What a person must not notice: argv[0], links, scripts, relative paths, descriptors, the environment, chroot. */
const UNNOTICED = `
echo 1 argv: $0 $(/bin/cat /proc/self/cmdline - < /dev/null | tr '\\0' ' ') / $(sh -c 'echo $0 "$@"' name '' 'a  b')
echo 6 script: $(/tmp/s.sh one two)
echo 7 chroot: $(chroot /ch /bin/busybox uname -m) $?
echo 9 by descriptor: $(exec 9</bin/busybox; /tmp/cat /tmp/text)
echo 11 environment: $(env | grep -i -E 'qemu|accel' | wc -l) / $(env -i /bin/busybox env | wc -l)
cd /tmp/d; echo 12 relative: $(./basename /a/b)
echo descriptors: $(ls /proc/self/fd | wc -l)
echo status: $(sh -c 'exit 7'; echo $?) $(sh -c 'kill -9 $$' 2> /dev/null; echo $?) 2> /dev/null
echo input: $(echo through | cat)
`;

/** By another user than root: setuid programs (busybox's crontab shows a file that only root may read), and programs that may be executed but not read. */
const UNPRIVILEGED = `
echo 2 setuid, unknown: $(/tmp/setuid/unknown/crontab -l)
echo 3 setuid, known: $(/tmp/setuid/crontab -l)
echo 4 execute-only, known: $(/tmp/only/cat /tmp/text)
echo 5 execute-only, unknown: $(/tmp/only/echo text)
`;

function prepare({ rootfs }: BusyboxPack): void {
  const put = (from: string, to: string, mode: number): void => {
    mkdirSync(join(rootfs, to, '..'), { recursive: true });
    copyFileSync(join(rootfs, from), join(rootfs, to));
    chmodSync(join(rootfs, to), mode);
  };
  put('bin/busybox', 'ch/bin/busybox', 0o755);
  put('bin/busybox', 'tmp/d/basename', 0o755);
  put('foreign/busybox', 'tmp/setuid/unknown/crontab', 0o4755);
  put('bin/busybox', 'tmp/setuid/crontab', 0o4755);
  put('bin/busybox', 'tmp/only/cat', 0o111);
  put('foreign/busybox', 'tmp/only/echo', 0o111);
  writeFileSync(join(rootfs, 'tmp/s.sh'), '#!/bin/sh\necho script $0 $# "$2"\n', { mode: 0o755 });
  writeFileSync(join(rootfs, 'tmp/text'), 'some text\n');
  mkdirSync(join(rootfs, 'var/spool/cron/crontabs'), { recursive: true });
  writeFileSync(join(rootfs, 'var/spool/cron/crontabs/nobody'), 'secret\n', { mode: 0o600 });
  symlinkSync('/proc/self/fd/9', join(rootfs, 'tmp/cat'));
}

describe.each([
  ['arm64', 'arm64', undefined, 'aarch64'],
  ['armhf', 'arm', 'v7', 'armv7l'],
  ['ppc64el', 'ppc64le', undefined, 'ppc64le'],
  ['riscv64', 'riscv64', undefined, 'riscv64'],
  ['s390x', 's390x', undefined, 's390x'],
])('a pack for %s', (debian, architecture, variant, machine) => {
  let busybox: BusyboxPack;
  const platform = { os: 'linux', architecture, ...(variant === undefined ? {} : { variant }) };
  const native = process.arch === 'x64' ? 'x86_64' : 'aarch64';

  beforeAll(async () => {
    busybox = await makeBusyboxPack(folder.path, debian);
    prepare(busybox);
  });

  const run = (
    args: readonly string[],
    options: { readonly accel?: boolean; readonly user?: string } = {},
  ): Promise<Answer> => {
    const { accel = true, ...rest } = options;
    return client.run(
      step({ rootfs: busybox.rootfs, platform, args, ...(accel ? { accel: busybox.pack } : {}), ...rest }),
    );
  };

  test('runs what its map has native, says what, and nothing without it', async () => {
    const script = '/bin/uname -m; /content/uname -m; /changed/uname -m; /foreign/uname -m; /lost/uname -m';
    const answer = await run(['sh', '-c', script]);
    expect(answer.output.trim().split('\n')).toEqual([native, native, machine, machine, machine]);
    expect(answer.ranNative).toEqual([{ tool: 'bin/busybox', times: 3 }]);
    const plain = await run(['sh', '-c', `${script}; ls -d /dev/.accel`], { accel: false });
    expect(plain.output).not.toContain(native);
    expect(plain.output).toContain('/dev/.accel: No such file');
    expect(plain.ranNative).toBeUndefined();
  });

  test.each([
    ['as root', UNNOTICED, undefined],
    ['as another user', UNPRIVILEGED, 'nobody'],
  ])('is not noticed %s', async (_name, script, user) => {
    const options = user === undefined ? {} : { user };
    const accelerated = await run(['sh', '-c', script], options);
    const emulated = await run(['sh', '-c', script], { ...options, accel: false });
    expect(accelerated.output).toBe(emulated.output);
    expect(accelerated.output).not.toContain(native);
    if (user !== undefined) {
      expect(accelerated.output).toBe(
        '2 setuid, unknown: secret\n3 setuid, known: secret\n4 execute-only, known: some text\n5 execute-only, unknown: text\n',
      );
    }
    expect(accelerated.ranNative?.[0]?.tool).toBe('bin/busybox');
    expect(accelerated.ranNative?.[0]?.times).toBeGreaterThan(user === undefined ? 5 : 1);
  });

  test('respects /etc/ld.so.preload', async () => {
    const script = 'echo /lib/x.so > /etc/ld.so.preload; /bin/uname -m; : > /etc/ld.so.preload; /bin/uname -m';
    expect((await run(['sh', '-c', script])).output).toBe(`${machine}\n${native}\n`);
  });

  test('takes no harm from a step that writes into what it can', async () => {
    const script = 'cat /bin/busybox > /dev/.accel/ran; echo x > /dev/.accel/map; /bin/uname -m';
    const answer = await run(['sh', '-c', script]);
    expect(answer.output).toContain('Read-only file system');
    expect(answer.output).toContain(native);
  });
});
