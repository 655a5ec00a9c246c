import { release } from 'node:os';
import { ARCHITECTURES, type ArchitectureRecord } from './architectures.ts';
import { absent } from './create-emulation.ts';
import { emulatorVersion } from './emulator-version.ts';
import { findEmulator } from './find-emulator.ts';
import { entryMatches, readHostBinfmt } from './host-binfmt.ts';
import { hostArchitecture, isNative } from './native.ts';

/** How this machine would run a Linux architecture's programs, for `polyarch platforms`. */
export interface PlatformDescription {
  /** Go's name. */
  readonly architecture: string;
  /** QEMU's name. */
  readonly qemu: string;
  readonly mode: 'native' | 'private' | 'host' | 'none';
  /** The emulator. */
  readonly interpreter?: string;
  /** The emulator's version, e.g. `7.2.22`. */
  readonly version?: string;
  /** The host's registration, for `host`. */
  readonly entry?: string;
  /** For `none`. */
  readonly reason?: string;
  readonly mend?: string;
}

/** Describes every known architecture, this machine's own first. Runs each emulator found once, for its version. */
export async function describePlatforms(options: {
  readonly path: string | undefined;
  readonly folders?: readonly string[];
}): Promise<readonly PlatformDescription[]> {
  const host = hostArchitecture();
  const entries = readHostBinfmt();
  const refusal = privateRefusal();
  const describe = async (record: ArchitectureRecord): Promise<PlatformDescription> => {
    const { architecture, qemu } = record;
    if (isNative(architecture, host)) return { architecture, qemu, mode: 'native' };
    const search = findEmulator(record, options);
    if (search.found !== undefined && refusal === '') {
      const version = await emulatorVersion(search.found.file);
      const known = version === undefined ? {} : { version };
      return { architecture, qemu, mode: 'private', interpreter: search.found.file, ...known };
    }
    const entry = entries.find((one) => entryMatches(one, record));
    if (entry?.flags.includes('F') === true) {
      return { architecture, qemu, mode: 'host', interpreter: entry.interpreter, entry: entry.name };
    }
    const mode = absent(record, { search, host: entry, refusal });
    if (mode.kind !== 'none') throw new Error('an absent emulator has a reason');
    return { architecture, qemu, mode: 'none', reason: mode.reason, mend: mode.mend };
  };
  const described = await Promise.all(ARCHITECTURES.map(describe));
  return described.toSorted((a, b) => Number(b.architecture === host) - Number(a.architecture === host));
}

/** Why this kernel has no private binfmt_misc; empty when it should have one (mounting loads its module). */
export function privateRefusal(kernel: string = release()): string {
  const [major = 0, minor = 0] = kernel.split('.').map((part) => Number.parseInt(part, 10));
  if (major < 6 || (major === 6 && minor < 7)) return `Linux ${kernel} is older than 6.7`;
  return '';
}
