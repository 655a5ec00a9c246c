import { chmodSync, copyFileSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { BusyboxPack } from './busybox-pack.ts';

/* Scripts that show how the dispatcher runs programs; see dispatcher-rules.ts. */

/** Prints a machine's name for each: known, known by its content, changed in one byte, unknown, of a tool that is not there. */
export const MACHINES = '/bin/uname -m; /content/uname -m; /changed/uname -m; /foreign/uname -m; /lost/uname -m';

/** What that prints, by the machines' names. */
export function machinesOutput(native: string, foreign: string): string {
  return [native, native, foreign, foreign, foreign, ''].join('\n');
}

/** Prints the foreign machine's name, and then the native one's. */
export const PRELOAD_FILE = 'echo /lib/x.so > /etc/ld.so.preload; /bin/uname -m; : > /etc/ld.so.preload; /bin/uname -m';

/** Says that it may not, and prints the native machine's name. */
export const WRITES = 'cat /bin/busybox > /dev/.accel/ran; echo x > /dev/.accel/map; /bin/uname -m';

/** What a person must not notice: argv[0], links, scripts, relative paths, descriptors, the environment, chroot. */
export const UNNOTICED = `
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
export const UNPRIVILEGED = `
echo 2 setuid, unknown: $(/tmp/setuid/unknown/crontab -l)
echo 3 setuid, known: $(/tmp/setuid/crontab -l)
echo 4 execute-only, known: $(/tmp/only/cat /tmp/text)
echo 5 execute-only, unknown: $(/tmp/only/echo text)
`;

/** What UNPRIVILEGED prints. */
export const UNPRIVILEGED_OUTPUT =
  '2 setuid, unknown: secret\n3 setuid, known: secret\n4 execute-only, known: some text\n5 execute-only, unknown: text\n';

/** How often it runs a program native: its shell, and cat. A setuid program never is. */
export const UNPRIVILEGED_NATIVE = 2;

/** Files for UNNOTICED and UNPRIVILEGED. */
export function prepareUnnoticed({ rootfs }: BusyboxPack): void {
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
