import { spawn, type ChildProcess } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { findProgram } from './process.ts';

/** ELF header bytes 0 to 19 and their mask, as binfmt_misc wants them, for the architectures that peers are compared on. */
const records: Readonly<Record<string, { magic: string; mask: string }>> = {
  aarch64: {
    magic: String.raw`\x7fELF\x02\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00\xb7\x00`,
    mask: String.raw`\xff\xff\xff\xff\xff\xff\xff\x00\xff\xff\xff\xff\xff\xff\xff\xff\xfe\xff\xff\xff`,
  },
  arm: {
    magic: String.raw`\x7fELF\x01\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00\x28\x00`,
    mask: String.raw`\xff\xff\xff\xff\xff\xff\xff\x00\xff\xff\xff\xff\xff\xff\xff\xff\xfe\xff\xff\xff`,
  },
};

/** A place where peers find QEMU registered without the host being touched. */
export interface EmulatedNamespace extends AsyncDisposable {
  /** The command line that runs `argv` in there. */
  enter(argv: readonly string[]): string[];
}

/**
 * User, mount and cgroup namespaces with a binfmt_misc of their own, held by a sleeping process. As root the
 * ids map to themselves, but not all 2^32: runc takes the whole range for "no user namespace" and then fails
 * on device cgroups. Throws where the kernel (before 6.7) has no binfmt_misc in user namespaces.
 */
export async function openEmulatedNamespace(): Promise<EmulatedNamespace> {
  const registrations = Object.entries(records).map(([name, { magic, mask }]) => {
    const qemu = findProgram(`qemu-${name}-static`) ?? findProgram(`qemu-${name}`);
    if (qemu === undefined) throw new Error(`no qemu-${name}-static`);
    return `printf '%s' '${`:peers-${name}:M::${magic}:${mask}:${qemu}:FPC`}' > /proc/sys/fs/binfmt_misc/register`;
  });
  const setup = [
    'read -r mapped',
    'mount -t binfmt_misc none /proc/sys/fs/binfmt_misc',
    'umount -R /sys/fs/cgroup 2>/dev/null || :',
    'mount -t cgroup2 none /sys/fs/cgroup || :',
    ...registrations,
    'echo ready',
    'exec setpriv --pdeathsig KILL sleep 86400',
  ].join('\n');
  const holder = spawn('unshare', ['-U', '-m', '-C', '--propagation', 'private', 'bash', '-ec', setup], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  await sleep(200);
  for (const kind of ['uid', 'gid']) writeFileSync(`/proc/${holder.pid ?? 0}/${kind}_map`, '0 0 2000000000');
  holder.stdin.end('mapped\n');
  await Promise.race([once(holder.stdout, 'data'), failOnExit(holder)]);
  const pid = String(holder.pid ?? 0);
  return {
    enter: (argv) => ['nsenter', '-t', pid, '-U', '-m', '-C', '--preserve-credentials', ...argv],
    [Symbol.asyncDispose]: async () => {
      const ended = once(holder, 'exit');
      holder.kill('SIGKILL');
      await ended;
    },
  };
}

async function failOnExit(child: ChildProcess): Promise<never> {
  const [code] = (await once(child, 'exit')) as [number | null];
  throw new Error(`the namespace for the peers could not be set up (exit status ${code})`);
}
