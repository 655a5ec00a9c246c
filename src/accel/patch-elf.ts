import { ACCEL_FOLDER } from '../emulation/accel-map.ts';
import type { DebianArchitecture } from '../emulation/pairs.ts';
import { elfLayout } from './elf-layout.ts';

/** The pack's loader and libraries, as a container sees them. */
const LOADER = `${ACCEL_FOLDER}/ld.so`;
export const LIBRARY_FOLDER = `${ACCEL_FOLDER}/lib/`;
/**
 * The place of musl's loader in a pack. Musl looks for `etc/ld-musl-ARCH.path`, the list of its library folders, beside the
 * folder of its loader (ldso/dynlink.c): so the pack's own counts, and nothing in the loader must name it.
 */
export const MUSL_LOADER = 'lib/ld.so';

export interface PatchContext {
  readonly foreign: DebianArchitecture;
  readonly native: DebianArchitecture;
}

/**
 * Changes a native program or library, in place and to nothing longer, so that it works inside the foreign root
 * filesystem as the foreign one would: its loader and libraries are the pack's, and what it knows of its own
 * architecture's folders is the foreign one's.
 *
 * Undefined when something does not fit: then it must not run there.
 */
export function patchTool(file: Buffer): Buffer | undefined {
  const patched = Buffer.from(file);
  const { interpreter, runpath } = elfLayout(patched) ?? {};
  if (interpreter !== undefined) {
    const { offset, size } = interpreter;
    const isMusl = patched.toString('latin1', offset, offset + size).startsWith('/lib/ld-musl-');
    if (!put(patched, interpreter, isMusl ? `${ACCEL_FOLDER}/${MUSL_LOADER}` : LOADER)) return undefined;
  }
  if (runpath !== undefined && !put(patched, runpath, LIBRARY_FOLDER.slice(0, -1))) return undefined;
  return patched;
}

/** A cross compiler's folders become those of the native one, string by string. */
export function patchCrossFolders(file: Buffer, { foreign }: PatchContext): Buffer | undefined {
  const text = file.toString('latin1');
  const base = `/usr/lib/gcc-cross/${foreign.gnu}/`;
  const patched = Buffer.from(file);
  for (const match of text.matchAll(/\0(\/usr\/(?:lib|libexec)\/gcc-cross\/[^\0]*)(?=\0)/g)) {
    const from = match[1] ?? '';
    const to = crossFolder(from, { base, gnu: foreign.gnu });
    if (to.length > from.length) return undefined;
    patched.write(to.padEnd(from.length, '\0'), match.index + 1, 'latin1');
  }
  return patched;
}

/**
 * The native compiler's folder for one of the cross compiler's. A cross compiler looks for the target's headers below
 * `/usr/TRIPLET`, the native one at the system's places.
 */
function crossFolder(folder: string, { base, gnu }: { readonly base: string; readonly gnu: string }): string {
  if (folder.startsWith(base)) {
    const [version = '', ...rest] = folder.slice(base.length).split('/');
    const inner = rest.join('/');
    const own = `/usr/lib/gcc/${gnu}/${version}`;
    const headers = new RegExp(`^\\.\\./\\.\\./\\.\\./\\.\\./${gnu}/include/c\\+\\+/([^/]+)(?:/(.*))?$`).exec(inner);
    if (headers !== null) {
      const [, number = '', below = ''] = headers;
      if (below === gnu) return `${own}/../../../../include/${gnu}/c++/${number}`;
      return `${own}/../../../../include/c++/${number}${below === '' ? '' : `/${below}`}`;
    }
    // The native one has /usr/local/include in this place.
    if (inner === 'include-fixed') return '/usr/local/include';
  }
  return folder.replace('/gcc-cross/', '/gcc/');
}

/** Where libbfd looks for plugins: those of the root filesystem are foreign. */
export function patchPluginFolders(file: Buffer): Buffer {
  const patched = Buffer.from(file);
  const text = file.toString('latin1');
  for (const match of text.matchAll(/\0(\/usr\/[^\0]*\/bfd-plugins)(?=\0)/g)) {
    const from = match[1] ?? '';
    patched.write(`${ACCEL_FOLDER}/bfd`.padEnd(from.length, '\0'), match.index + 1, 'latin1');
  }
  return patched;
}

/**
 * Makes a loader (glibc's ld.so) look for libraries in the pack only. The lengths of its system folders are compiled in,
 * so each keeps its own: the first two are the pack's, padded with slashes; two that cannot hold its name become one
 * that has no libraries. Undefined when it is not built as known.
 */
export function patchLoader(file: Buffer, { native }: Pick<PatchContext, 'native'>): Buffer | undefined {
  const known = [`/lib/${native.gnu}/`, `/usr/lib/${native.gnu}/`, '/lib/', '/usr/lib/'];
  const system = `${known.join('\0')}\0`;
  const at = file.indexOf(system, 0, 'latin1');
  if (at < 0) return undefined;
  const folders = known.map((folder) => {
    const name = folder.length >= LIBRARY_FOLDER.length ? LIBRARY_FOLDER : '/dev/';
    return name.padEnd(folder.length, '/');
  });
  const patched = Buffer.from(file);
  patched.write(`${folders.join('\0')}\0`, at, 'latin1');
  for (const [from, to] of [
    ['/etc/ld.so.cache', `${ACCEL_FOLDER}/ldc`],
    ['/etc/ld.so.preload', `${ACCEL_FOLDER}/ldp`],
  ] as const) {
    const place = patched.indexOf(`${from}\0`, 0, 'latin1');
    if (place < 0) return undefined;
    patched.write(to.padEnd(from.length, '\0'), place, 'latin1');
  }
  return patched;
}

/**
 * Takes LD_LIBRARY_PATH from musl's loader, which loads what it finds there whatever machine it is for. Only the first
 * letter changes: the end of that text may be another one of the same program (PATH). Undefined when it is not built as known.
 */
export function patchMuslLoader(file: Buffer): Buffer | undefined {
  const patched = Buffer.from(file);
  const at = patched.indexOf('\0LD_LIBRARY_PATH\0', 0, 'latin1');
  if (at < 0) return undefined;
  patched.write('X', at + 1, 'latin1');
  return patched;
}

/** Writes a text over a shorter or longer one with a zero behind it; false when there is no room. */
function put(file: Buffer, place: { readonly offset: number; readonly size: number }, text: string): boolean {
  if (text.length + 1 > place.size) return false;
  file.write(text.padEnd(place.size, '\0'), place.offset, 'latin1');
  return true;
}
