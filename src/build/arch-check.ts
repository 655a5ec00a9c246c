import type { DatabaseSync } from 'node:sqlite';
import { digestOf } from '../oci/digest.ts';
import { elfMisfit, isElfPlatform } from '../oci/elf-platform.ts';
import { type Platform, formatPlatformFull } from '../oci/platform.ts';
import type { ElfFile } from '../snapshot/elf-files.ts';
import type { Layer } from '../snapshot/layer.ts';
import type { Layers } from './layers.ts';
import type { SolvedPlatform } from './platform-results.ts';

/** Files of one layer that do not fit the platform, all for one reason. */
export interface ArchFinding {
  /** `note` is fine, and told. */
  readonly level: 'error' | 'warning' | 'note';
  /** Behind a file's name: `is a program for linux/amd64`. */
  readonly what: string;
  /** The layer's id. */
  readonly layer: string;
  /** Absolute in the image; some, when there are many. */
  readonly paths: readonly string[];
  readonly count: number;
}

export interface ArchCheckOptions {
  /** The result is an image that is to be run, not only files. */
  readonly image: boolean;
  readonly db: DatabaseSync;
  readonly signal?: AbortSignal;
}

const SHOWN = 5;
const DEFAULT_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
/** Emulators that Dockerfiles of old copy into foreign images: they are the build machine's by intent. */
const EMULATOR = /\/qemu-[a-z0-9_]+(?:-static)?$/;

/** Whether every one of some programs fits, as far as its headers tell. */
export function allFit({ platform }: { readonly platform: Platform }, elfs: readonly ElfFile[]): boolean {
  return (
    !isElfPlatform(platform) ||
    elfs.every((file) => EMULATOR.test(file.path) || elfMisfit(file, platform) === undefined)
  );
}

/**
 * Compares every program and shared library that the build added with its platform: machine, class, byte order, ABI
 * flags, and in an image whether the loader is there. A base's layers are looked at when its config names another
 * architecture. Errors are programs that the image would start (its ENTRYPOINT's and CMD's, and those on PATH). The
 * answer is kept: asking it of the same layers again reads nothing.
 */
export async function checkArchitecture(
  result: SolvedPlatform,
  layers: Layers,
  options: ArchCheckOptions,
): Promise<readonly ArchFinding[]> {
  if (!isElfPlatform(result.platform)) return [];
  const { db, image } = options;
  const foreignBase = result.basePlatform.architecture !== result.platform.architecture;
  const checked = foreignBase ? result.layers : result.layers.filter(({ created }) => created !== undefined);
  if (checked.length === 0) return [];
  const commands = commandWords(result);
  const folders = searchFolders(result);
  const all = result.layers.map(({ id }) => id);
  const key = digestOf(
    JSON.stringify([1, formatPlatformFull(result.platform), foreignBase, all, commands, folders, image]),
  );
  const known = db.prepare('SELECT findings FROM arch_checks WHERE key = ?').get(key)?.['findings'];
  if (known !== undefined) return JSON.parse(String(known)) as ArchFinding[]; // written below
  const findings = await find(result, layers, { ...options, checked, commands, folders });
  db.prepare('INSERT OR REPLACE INTO arch_checks (key, findings) VALUES (?, ?)').run(key, JSON.stringify(findings));
  return findings;
}

interface Suspect {
  readonly file: ElfFile;
  readonly layer: string;
  readonly what?: string;
  readonly runsToo: boolean;
}

async function find(
  result: SolvedPlatform,
  layers: Layers,
  options: ArchCheckOptions & {
    readonly checked: readonly Layer[];
    readonly commands: readonly string[];
    readonly folders: readonly string[];
  },
): Promise<readonly ArchFinding[]> {
  const { checked, commands, folders, image, signal } = options;
  // Of a path that several layers have, the highest counts.
  const files = new Map<string, Suspect>();
  for (const layer of checked) {
    for (const file of await layers.elfs(layer, { signal })) {
      const misfit = EMULATOR.test(file.path) ? undefined : elfMisfit(file, result.platform);
      const runsToo = misfit?.kind === 'runs-too';
      files.set(file.path, { file, layer: layer.id, runsToo, ...(misfit === undefined ? {} : { what: misfit.what }) });
    }
  }
  const needsLoader = ({ file, what, runsToo }: Suspect): boolean =>
    image && file.interpreter !== undefined && !EMULATOR.test(file.path) && (what === undefined || runsToo);
  const suspects = [...files.values()].filter((one) => one.what !== undefined || needsLoader(one));
  if (suspects.length === 0) return [];
  const loaders = new Set(suspects.filter(needsLoader).flatMap(({ file }) => file.interpreter ?? []));
  const found = await layers.lookUp(result.layers, { paths: [...loaders], folders: [], signal });
  const wrong = suspects.flatMap((suspect): Wrong[] => {
    const { interpreter = '' } = suspect.file;
    if (needsLoader(suspect) && !found.paths.has(interpreter))
      return [{ ...suspect, kind: 'loader', what: `needs the loader ${interpreter}, which the image does not have` }];
    if (suspect.what === undefined) return [];
    return [{ ...suspect, kind: suspect.runsToo ? 'runs-too' : 'wrong', what: `is ${suspect.what}` }];
  });
  if (wrong.length === 0) return [];
  const paths = [...wrong.map(({ file }) => file.path), ...commands];
  const there = await layers.lookUp(result.layers, { paths, folders, signal });
  const started = new Set(commands.flatMap((word) => there.paths.get(word) ?? []));
  return grouped(
    // What a later step removed or replaced is no part of the image.
    wrong.filter(({ file }) => there.paths.get(file.path) === file.path),
    ({ file: { path }, kind }) => {
      if (kind === 'runs-too') return started.has(path) ? 'warning' : 'note';
      // An image that starts nothing may be there for others to copy from.
      if (kind === 'loader' && commands.length === 0 && !hasCommand(result)) return 'warning';
      return started.has(path) || there.inFolders.has(path) ? 'error' : 'warning';
    },
  );
}

interface Wrong extends Suspect {
  readonly kind: 'wrong' | 'loader' | 'runs-too';
  readonly what: string;
}

const LEVELS = ['error', 'warning', 'note'] as const;

function grouped(wrong: readonly Wrong[], levelOf: (one: Wrong) => ArchFinding['level']): ArchFinding[] {
  const groups = Map.groupBy(wrong, (one) => JSON.stringify([levelOf(one), one.what, one.layer]));
  return [...groups.values()]
    .flatMap((group): ArchFinding[] => {
      const [first] = group;
      if (first === undefined) return [];
      const paths = group.map(({ file }) => file.path).toSorted();
      const { what, layer } = first;
      return [{ level: levelOf(first), what, layer, paths: paths.slice(0, SHOWN), count: paths.length }];
    })
    .toSorted((a, b) => LEVELS.indexOf(a.level) - LEVELS.indexOf(b.level));
}

function hasCommand({ config: { config = {} } }: SolvedPlatform): boolean {
  return (config.Entrypoint ?? []).length + (config.Cmd ?? []).length > 0;
}

/** What the image starts, where it is named by its place; other names are found along PATH. */
function commandWords({ config: { config = {} } }: SolvedPlatform): readonly string[] {
  const folder = config.WorkingDir || '/';
  const words = [...(config.Entrypoint ?? []), ...(config.Cmd ?? [])].flatMap((word) => word.split(/\s+/));
  return words.filter((word) => word.includes('/')).map((word) => (word.startsWith('/') ? word : `${folder}/${word}`));
}

function searchFolders({ config: { config = {} } }: SolvedPlatform): readonly string[] {
  const path = config.Env?.find((entry) => entry.startsWith('PATH='))?.slice('PATH='.length) ?? DEFAULT_PATH;
  return path.split(':').filter((folder) => folder.startsWith('/'));
}
