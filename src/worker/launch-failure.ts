import { existsSync, readFileSync } from 'node:fs';
import { PolyarchError } from '../util/error.ts';

/** What this machine says about user namespaces. */
export interface NamespaceFacts {
  readonly root: boolean;
  /** user.max_user_namespaces; undefined when the kernel knows no such setting. */
  readonly maxUserNamespaces: number | undefined;
  /** kernel.unprivileged_userns_clone (Debian's kernels before 11 and some others). */
  readonly unprivilegedClone: number | undefined;
  /** kernel.apparmor_restrict_unprivileged_userns (Ubuntu 23.10 and newer). */
  readonly apparmorRestricts: number | undefined;
  readonly container: boolean;
}

export function readNamespaceFacts(): NamespaceFacts {
  return {
    root: process.geteuid?.() === 0,
    maxUserNamespaces: setting('user/max_user_namespaces'),
    unprivilegedClone: setting('kernel/unprivileged_userns_clone'),
    apparmorRestricts: setting('kernel/apparmor_restrict_unprivileged_userns'),
    container: existsSync('/.dockerenv') || existsSync('/run/.containerenv'),
  };
}

/** The error for namespaces that could not be made; `complaint` is what unshare(1) wrote. */
export function namespaceFailure(complaint: string, facts: NamespaceFacts): PolyarchError {
  if (/(?:unrecognized|invalid|unknown) option/.test(complaint)) {
    const line = complaint.trim().split('\n')[0] ?? '';
    return new PolyarchError('PROGRAM_OLD', `unshare and setpriv must be those of util-linux 2.35 or newer (${line})`, {
      hint: 'install util-linux: sudo apt-get install util-linux, or apk add util-linux-misc setpriv',
    });
  }
  const said = complaint.trim() === '' ? '' : ` (${complaint.trim().split('\n')[0]})`;
  if (facts.maxUserNamespaces === undefined) {
    return new PolyarchError('USERNS_UNSUPPORTED', `this kernel has no user namespaces${said}`, {
      hint: 'use a kernel built with CONFIG_USER_NS=y, as those of Debian, Ubuntu and Fedora are',
    });
  }
  if (facts.maxUserNamespaces === 0) {
    return new PolyarchError(
      'USERNS_DISABLED',
      `user namespaces are turned off: user.max_user_namespaces is 0${said}`,
      {
        hint: 'sudo sysctl -w user.max_user_namespaces=15000',
      },
    );
  }
  if (!facts.root && facts.unprivilegedClone === 0) {
    return new PolyarchError(
      'USERNS_DISABLED',
      `user namespaces are turned off for ordinary users: kernel.unprivileged_userns_clone is 0${said}`,
      { hint: 'sudo sysctl -w kernel.unprivileged_userns_clone=1' },
    );
  }
  if (!facts.root && facts.apparmorRestricts === 1) {
    return new PolyarchError(
      'USERNS_DISABLED',
      `AppArmor keeps ordinary users from using user namespaces: kernel.apparmor_restrict_unprivileged_userns is 1${said}`,
      { hint: 'sudo sysctl -w kernel.apparmor_restrict_unprivileged_userns=0' },
    );
  }
  if (/No space left|ENOSPC/.test(complaint)) {
    return new PolyarchError('USERNS_LIMIT', `no further namespace may be made${said}`, {
      hint: 'raise the settings below /proc/sys/user/ (max_user_namespaces, max_mnt_namespaces …) or end other namespaces',
    });
  }
  if (/mount.*proc|proc.*mount/i.test(complaint)) {
    return new PolyarchError('USERNS_DENIED', `a new /proc may not be mounted here${said}`, {
      hint: 'in a container, start it with --security-opt systempaths=unconfined, or with --privileged',
    });
  }
  return new PolyarchError('USERNS_DENIED', `new namespaces may not be made here${said}`, {
    hint: facts.container
      ? 'start this container with --privileged, or with --cap-add SYS_ADMIN --security-opt seccomp=unconfined --security-opt apparmor=unconfined --security-opt systempaths=unconfined'
      : 'a seccomp filter, a security module or a chroot forbids unshare(2): run polyarch outside of it',
  });
}

function setting(name: string): number | undefined {
  try {
    return Number(readFileSync(`/proc/sys/${name}`, 'utf8'));
  } catch {
    return undefined;
  }
}
