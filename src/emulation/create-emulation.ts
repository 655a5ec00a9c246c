import type { Platform } from '../oci/platform.ts';
import { debug } from '../util/debug.ts';
import { PolyarchError, messageOf } from '../util/error.ts';
import { type ArchitectureRecord, architectureRecord, elfMagic, elfMask } from './architectures.ts';
import type { BinfmtRecord, Emulation, RunMode } from './emulation.ts';
import { emulatorEnv, emulatorVersion } from './emulator-version.ts';
import { findEmulator } from './find-emulator.ts';
import { BINFMT_FOLDER, type HostBinfmtEntry, entryMatches } from './host-binfmt.ts';
import { installCommand } from './mend.ts';
import { injectedEmulator } from './injected-emulator.ts';
import { isNative } from './native.ts';
import { register } from './register.ts';

export interface EmulationOptions {
  /** PATH, for emulators. */
  readonly path: string | undefined;
  /** Folders with fetched emulators, asked before PATH. */
  readonly folders?: readonly string[];
  /** Where emulators with the dispatcher in them are kept. Without it they serve as they are, and nothing runs native. */
  readonly injected?: string;
  /** The host's registrations, read outside the worker's namespaces. */
  readonly hostBinfmt: readonly HostBinfmtEntry[];
  /** mount(2) of a new file system, in the worker's mount namespace; throws what the kernel refused. */
  readonly mount: (type: string, target: string) => void;
}

/**
 * The emulation of a worker, in its own namespaces: mounts a private binfmt_misc when the first foreign platform is
 * asked for, and registers each emulator once. A private binfmt_misc hides the host's registrations, so the first
 * foreign platform decides which of the two this worker uses.
 */
export function createEmulation(options: EmulationOptions): Emulation {
  const known = new Map<string, Promise<RunMode>>();
  let source: 'undecided' | 'private' | 'host' = 'undecided';
  let refusal = '';

  const mountPrivate = (): boolean => {
    if (source !== 'undecided') return source === 'private';
    try {
      options.mount('binfmt_misc', BINFMT_FOLDER);
      source = 'private';
      return true;
    } catch (error) {
      source = 'host';
      refusal = messageOf(error);
      return false;
    }
  };

  const registered = async (record: ArchitectureRecord, emulator: string): Promise<RunMode> => {
    const folder = options.injected;
    const injected = folder === undefined ? undefined : await injectedEmulator(emulator, { folder, record });
    if (injected !== undefined) {
      const binfmt = binfmtRecord(record, injected);
      try {
        register(binfmt, BINFMT_FOLDER);
        return { kind: 'private', record: binfmt, env: [], dispatches: true };
      } catch (error) {
        // Where the store lies, programs may not be executed, or the path is too long.
        debug('emulation', () => `${emulator} is used as it is: ${messageOf(error)}`);
      }
    }
    const binfmt = binfmtRecord(record, emulator);
    register(binfmt, BINFMT_FOLDER);
    const version = record.cpu === undefined ? undefined : await emulatorVersion(emulator);
    return { kind: 'private', record: binfmt, env: emulatorEnv(record, version), dispatches: false };
  };

  const choose = async (record: ArchitectureRecord): Promise<RunMode> => {
    const search = findEmulator(record, options);
    const host = options.hostBinfmt.find((entry) => entryMatches(entry, record));
    const usable = host?.flags.includes('F') === true ? host : undefined;
    if (search.found !== undefined && mountPrivate()) {
      return registered(record, search.found.file);
    }
    if (usable !== undefined && source !== 'private') {
      source = 'host';
      return { kind: 'host', entry: usable.name, interpreter: usable.interpreter };
    }
    return absent(record, { search, host, refusal });
  };

  return {
    modeFor: async (platform) => {
      if (platform.os !== 'linux') return foreignSystem(platform);
      const { architecture } = platform;
      let mode = known.get(architecture);
      if (mode === undefined) {
        const record = isNative(architecture) ? undefined : architectureRecord(architecture);
        if (record !== undefined) mode = choose(record);
        else mode = Promise.resolve(isNative(architecture) ? { kind: 'native' } : unknownArchitecture(architecture));
        known.set(architecture, mode);
      }
      return mode;
    },
  };
}

/** The registration of an emulator: opened now (F), argv[0] kept (P), the program's own credentials (C). */
export function binfmtRecord(record: ArchitectureRecord, interpreter: string): BinfmtRecord {
  return {
    name: `polyarch-${record.qemu}`,
    magic: elfMagic(record),
    mask: elfMask(record),
    interpreter,
    flags: 'PFC',
  };
}

/** The error for a platform whose programs cannot run here. */
export function noEmulator(platform: Platform, mode: Extract<RunMode, { kind: 'none' }>): PolyarchError {
  const name = [platform.os, platform.architecture, platform.variant].filter((part) => part !== undefined).join('/');
  return new PolyarchError('NO_EMULATOR', `programs for ${name} cannot run on this machine: ${mode.reason}`, {
    hint: mode.mend,
    details: { platform: name },
  });
}

export function foreignSystem(platform: Platform): RunMode {
  return {
    kind: 'none',
    reason: `they are ${platform.os} programs, and this is Linux`,
    mend: 'leave out RUN on that platform, or build it on a machine of that system',
  };
}

export function unknownArchitecture(architecture: string): RunMode {
  return {
    kind: 'none',
    reason: `polyarch knows no emulator for ${architecture}`,
    mend: 'leave out RUN on that platform, or build it on a machine of that architecture',
  };
}

/** Why there is no way to run an architecture, and what would make one. */
export function absent(
  record: ArchitectureRecord,
  facts: {
    readonly search: ReturnType<typeof findEmulator>;
    readonly host: HostBinfmtEntry | undefined;
    /** Why a private binfmt_misc cannot be had; empty when it can. */
    readonly refusal: string;
  },
): RunMode {
  const install = installCommand(record);
  if (facts.search.found === undefined) {
    const dynamic = facts.search.dynamic;
    const reasons = [`no static qemu-${record.qemu} is installed`];
    if (dynamic !== undefined) reasons.push(`${dynamic} needs shared libraries that the image does not have`);
    if (facts.host !== undefined) {
      reasons.push(
        facts.host.flags.includes('F')
          ? `the host's registration ${facts.host.name} is hidden by the private one of another platform of this build`
          : `the host's registration ${facts.host.name} has no flag F, so ${facts.host.interpreter} would have to be in the image`,
      );
    }
    return { kind: 'none', reason: reasons.join('; '), mend: install };
  }
  return {
    kind: 'none',
    reason: `${facts.search.found.file} is there, but this kernel lets nobody register it privately (${facts.refusal}), and the host has no registration of it with flag F`,
    mend: `use Linux 6.7 or newer, or register it on the host: ${install} && sudo systemctl restart systemd-binfmt`,
  };
}
