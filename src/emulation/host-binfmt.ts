import { readFileSync, readdirSync } from 'node:fs';
import { type ArchitectureRecord, elfMagic } from './architectures.ts';

/** An enabled registration of the host, kernel documentation admin-guide/binfmt-misc.rst. */
export interface HostBinfmtEntry {
  readonly name: string;
  readonly interpreter: string;
  /** With `F` the interpreter was opened at registration: it works inside any root filesystem. */
  readonly flags: string;
  /** Bytes in hexadecimal, and where they lie in a program. */
  readonly magic: string;
  readonly mask: string;
  readonly offset: number;
}

export const BINFMT_FOLDER = '/proc/sys/fs/binfmt_misc';

/**
 * The host's enabled registrations that match by magic. Reads nothing, so that systemd's automount is not set off,
 * unless a binfmt_misc is mounted already.
 */
export function readHostBinfmt(folder: string = BINFMT_FOLDER): readonly HostBinfmtEntry[] {
  try {
    if (!isMounted(folder) || readFileSync(`${folder}/status`, 'utf8').trim() !== 'enabled') return [];
    return readdirSync(folder)
      .filter((name) => name !== 'register' && name !== 'status')
      .toSorted()
      .flatMap((name) => parseBinfmtEntry(name, readFileSync(`${folder}/${name}`, 'utf8')) ?? []);
  } catch {
    // Hidden from this process: as good as not there.
    return [];
  }
}

/** Parses what the kernel shows of an entry; undefined when it is disabled or matches by file name. */
export function parseBinfmtEntry(name: string, text: string): HostBinfmtEntry | undefined {
  const lines = text.split('\n');
  const value = (key: string): string | undefined =>
    lines
      .find((line) => line.startsWith(`${key} `) || line.startsWith(`${key}:`))
      ?.slice(key.length + 1)
      .trim();
  const interpreter = value('interpreter');
  const magic = value('magic');
  if (lines[0] !== 'enabled' || interpreter === undefined || magic === undefined) return undefined;
  return {
    name,
    interpreter,
    flags: value('flags') ?? '',
    magic,
    mask: value('mask') ?? 'ff'.repeat(magic.length / 2),
    offset: Number(value('offset') ?? 0),
  };
}

/** True when the entry takes programs of that architecture, whatever their OS ABI. */
export function entryMatches(entry: HostBinfmtEntry, record: ArchitectureRecord): boolean {
  const header = elfMagic(record);
  const magic = Buffer.from(entry.magic, 'hex');
  const mask = Buffer.from(entry.mask, 'hex');
  if (magic.length < 4 || entry.offset + magic.length > header.length) return false;
  return magic.every((byte, index) => {
    const bits = mask[index] ?? 0xff;
    return (byte & bits) === ((header[entry.offset + index] ?? 0) & bits);
  });
}

function isMounted(folder: string): boolean {
  return readFileSync('/proc/self/mounts', 'utf8')
    .split('\n')
    .some((line) => line.includes(` ${folder} binfmt_misc `));
}
