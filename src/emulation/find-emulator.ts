import { accessSync, constants, realpathSync } from 'node:fs';
import { endianness } from 'node:os';
import { readElfFile } from '../util/elf.ts';
import { programFolders } from '../util/find-program.ts';
import type { ArchitectureRecord } from './architectures.ts';

export interface FoundEmulator {
  /** Absolute, symbolic links resolved. */
  readonly file: string;
}

export interface EmulatorSearch {
  readonly found: FoundEmulator | undefined;
  /** An emulator that is there but needs shared libraries, which a foreign root filesystem does not have. */
  readonly dynamic: string | undefined;
}

/**
 * Looks for `qemu-<arch>-static`, then a `qemu-<arch>` that is static, in `folders` (fetched emulators) and then
 * along PATH. Debian 13 and newer name the static emulator `qemu-<arch>`.
 */
export function findEmulator(
  record: ArchitectureRecord,
  options: { path: string | undefined; folders?: readonly string[] },
): EmulatorSearch {
  let dynamic: string | undefined;
  for (const folder of [...(options.folders ?? []), ...programFolders(options.path)]) {
    for (const name of [`qemu-${record.qemu}-static`, `qemu-${record.qemu}`]) {
      const file = `${folder}/${name}`;
      try {
        accessSync(file, constants.X_OK);
      } catch {
        continue;
      }
      const elf = readElfFile(file);
      if (elf?.endian !== (endianness() === 'LE' ? 'little' : 'big')) continue;
      if (elf.interpreter === undefined) return { found: { file: realpathSync(file) }, dynamic };
      dynamic ??= file;
    }
  }
  return { found: undefined, dynamic };
}
