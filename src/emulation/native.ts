import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';

/** Go's name of the architecture this Node runs on. */
export function hostArchitecture(arch: string = process.arch): string {
  const names: Readonly<Record<string, string>> = {
    x64: 'amd64',
    ia32: '386',
    mips64el: 'mips64le',
    ppc64: 'ppc64le',
  };
  return names[arch] ?? arch;
}

let linux32: boolean | undefined;

/** True when this machine's kernel and CPU run programs of that architecture themselves. */
export function isNative(architecture: string, host: string = hostArchitecture()): boolean {
  if (architecture === host) return true;
  // Only an x86-64 kernel that runs 32-bit programs has this setting.
  if (architecture === '386' && host === 'amd64') return existsSync('/proc/sys/abi/vsyscall32');
  if (architecture === 'arm' && host === 'arm64') {
    // The kernel refuses the 32-bit personality on CPUs without 32-bit user programs.
    linux32 ??= spawnSync('setarch', ['linux32', 'true'], { stdio: 'ignore', timeout: 5000 }).status === 0;
    return linux32;
  }
  return false;
}
