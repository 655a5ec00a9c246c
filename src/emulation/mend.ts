import { readFileSync } from 'node:fs';
import type { ArchitectureRecord } from './architectures.ts';

/** The command that installs a static emulator on this distribution. */
export function installCommand(record: ArchitectureRecord, osRelease: string = readOsRelease()): string {
  const field = (key: string): string =>
    new RegExp(`^${key}=["']?([^"'\n]*)`, 'm').exec(osRelease)?.[1]?.toLowerCase() ?? '';
  const families = [field('ID'), ...field('ID_LIKE').split(' ')];
  const version = Number(field('VERSION_ID'));
  if (families.includes('alpine')) return `apk add qemu-${record.qemu}`;
  if (families.includes('arch')) return 'sudo pacman -S qemu-user-static';
  if (families.includes('fedora') || families.includes('rhel')) {
    return `sudo dnf install qemu-user-static-${fedoraName(record.qemu)}`;
  }
  if (families.some((family) => family.includes('suse'))) return 'sudo zypper install qemu-linux-user';
  // Debian 13 made qemu-user static and dropped the separate package.
  return families[0] === 'debian' && version >= 13
    ? 'sudo apt-get install qemu-user'
    : 'sudo apt-get install qemu-user-static';
}

/** Fedora packs emulators by family. */
function fedoraName(qemu: string): string {
  if (qemu.startsWith('ppc')) return 'ppc';
  if (qemu.startsWith('mips')) return 'mips';
  if (qemu === 'x86_64' || qemu === 'i386') return 'x86';
  return qemu.startsWith('riscv') ? 'riscv' : qemu;
}

function readOsRelease(): string {
  for (const file of ['/etc/os-release', '/usr/lib/os-release']) {
    try {
      return readFileSync(file, 'utf8');
    } catch {
      // The next one.
    }
  }
  return '';
}
