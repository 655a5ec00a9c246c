import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { type AccelRecord, type AccelRule, listFile, type ToolList, writeAccelMap } from '../emulation/accel-map.ts';
import { type DebianArchitecture, KNOWS_ARCHITECTURE, MIMALLOC, type ToolPair } from '../emulation/pairs.ts';
import { programKey, type ProgramKey } from '../emulation/program-key.ts';
import { PolyarchError } from '../util/error.ts';
import { readPackageData } from './package-data.ts';
import { elfLayout } from './elf-layout.ts';
import { FOREIGN_LIBRARY, foreignLibrary } from './foreign/library.ts';
import { openToAll, packId, packMap } from './pack-files.ts';
import { patchArchitecture } from './patch-architecture.ts';
import { patchCrossDriver } from './patch-cross-driver.ts';
import {
  LIBRARY_FOLDER,
  MUSL_LOADER,
  type PatchContext,
  patchCrossFolders,
  patchLoader,
  patchMuslLoader,
  patchPluginFolders,
  patchTool,
} from './patch-elf.ts';
import { withAllocator, withoutSettings } from './need-instead.ts';
import { patchGo } from './patch-go.ts';
import { patchMachine } from './patch-machine.ts';
import type { ArchivePackage } from './package-index.ts';
import type { PackPlan, PlannedPair } from './plan-pack.ts';
import { foreignPlace, placeOf, toolMatcher } from './tool-files.ts';

/** A pack that was made in a folder. */
export interface MadePack {
  /** sha256 of the map and of every file's place and content. */
  readonly id: string;
  /** Records in the map. */
  readonly tools: number;
  /** Programs that cannot run native, and why. */
  readonly skipped: readonly string[];
}

/** A native program, with the key of the foreign one in the place of which it runs. */
export interface PackTool {
  /** In the pack's folder, as the foreign one lies below `/usr`. */
  readonly place: string;
  readonly key: ProgramKey;
  readonly file: Buffer;
  readonly rules?: readonly AccelRule[];
  readonly lists?: readonly ToolList[];
}

/** Programs and libraries of one package are below this. */
const MAX_PROGRAM = 256 * 1024 * 1024;

/**
 * Makes a pack in an empty folder from packages that are here: programs at their foreign places, libraries in `lib/`, the
 * loader `ld.so`, the map. `deb` gives a package's file.
 */
export async function makePack(
  folder: string,
  plan: PackPlan,
  options: PatchContext & {
    readonly deb: (one: ArchivePackage) => string;
    /** The folder of a pack that was built from source. */
    readonly built: (id: string) => string;
    /** Programs that need no library. */
    readonly static: readonly PackTool[];
    readonly signal?: AbortSignal;
  },
): Promise<MadePack> {
  const libraries = await readLibraries(plan.libraries, options);
  const skipped: string[] = [];
  const records: AccelRecord[] = [];
  const files = new Map<string, Buffer>();
  const used = new Set<string>();
  const scratch = join(folder, 'foreign');
  mkdirSync(scratch);
  for (const planned of plan.pairs) {
    const own = await readPair(planned, { ...options, scratch });
    const { allocator } = planned.pair;
    for (const one of own.tools) {
      const tool = { ...one, file: withAllocator(one, { allocator, libraries }) };
      const needs = neededLibraries(tool.file, new Map([...libraries, ...own.libraries]));
      if (typeof needs === 'string') {
        skipped.push(`${tool.place}: ${needs}`);
        continue;
      }
      const known = records.find(({ key }) => Buffer.compare(key.bytes, tool.key.bytes) === 0);
      if (known !== undefined) continue;
      files.set(tool.place, tool.file);
      for (const [name, file] of needs) {
        files.set(`lib/${name}`, file);
        used.add(name);
      }
      const { rules } = planned.pair;
      for (const list of toolLists(planned.pair, options.foreign)) addList(tool.place, list, files);
      records.push({ key: tool.key, tool: tool.place, ...(rules === undefined ? {} : { rules }) });
    }
    skipped.push(...own.skipped);
  }
  for (const root of plan.built.map(options.built)) {
    for (const record of packMap(root) ?? []) {
      files.set(record.tool, readFileSync(join(root, record.tool)));
      records.push(record);
    }
  }
  for (const { key, place, file, rules, lists = [] } of options.static) {
    files.set(place, file);
    for (const list of lists) addList(place, list, files);
    records.push({ key, tool: place, ...(rules === undefined ? {} : { rules }) });
  }
  rmSync(scratch, { recursive: true });
  if (libraries.size > 0) for (const [place, file] of loaderFiles(libraries, options)) files.set(place, file);
  // Where native nm and ar look for plugins; gcc's makes them see into LTO objects, as Debian's link in bfd-plugins does.
  const plugin = [...files].find(([place]) => place.endsWith('/liblto_plugin.so'))?.[1];
  if (plugin !== undefined) files.set('bfd/liblto_plugin.so', plugin);
  for (const [place, file] of files) writeProgram(join(folder, place), file);
  writeAccelMap(folder, records);
  openToAll(folder);
  return { id: packId(folder), tools: records.length, skipped };
}

/** What the dispatcher reads beside the programs of a pair. */
export function toolLists(pair: ToolPair, { debian, bits }: DebianArchitecture): readonly ToolList[] {
  const excepted = bits === 32 ? (pair.except32 ?? []) : [];
  const names = pair.names?.filter((name) => !excepted.includes(name));
  const environment = pair.environment?.[debian];
  return [
    ...(names === undefined ? [] : [{ kind: 'names' as const, lines: names }]),
    ...(environment === undefined ? [] : [{ kind: 'environment' as const, lines: environment }]),
  ];
}

function addList(tool: string, list: ToolList, files: Map<string, Buffer>): void {
  const { place, text } = listFile(tool, list);
  files.set(place, Buffer.from(text));
}

/** The loader of the native programs, glibc's or musl's, at its place in the pack, with what it reads. */
function loaderFiles(libraries: ReadonlyMap<string, Buffer>, context: PatchContext): (readonly [string, Buffer])[] {
  for (const [name, file] of libraries) {
    const glibc = name.startsWith('ld-linux') ? patchLoader(file, context) : undefined;
    if (glibc !== undefined) return [['ld.so', glibc]];
    const musl = name.startsWith('ld-musl-') ? patchMuslLoader(file) : undefined;
    if (musl === undefined) continue;
    const path = Buffer.from(`${LIBRARY_FOLDER}\n`);
    return [
      [MUSL_LOADER, musl],
      [`etc/${name.replace(/\.so\.1$/, '')}.path`, path],
    ];
  }
  throw new PolyarchError('ACCEL_UNAVAILABLE', `no loader for ${context.native.debian} programs that can be moved`);
}

function writeProgram(path: string, file: Buffer): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, file, { mode: 0o755 });
}

interface PairFiles {
  readonly tools: readonly PackTool[];
  /** The package's own libraries. */
  readonly libraries: ReadonlyMap<string, Buffer>;
  readonly skipped: readonly string[];
}

/** The native programs of a pair that are in the foreign package too, patched, with the foreign ones' keys. */
async function readPair(
  { pair, foreign, native }: PlannedPair,
  options: Parameters<typeof makePack>[2] & { readonly scratch: string },
): Promise<PairFiles> {
  const keys = await programKeys(pair, options.deb(foreign), options);
  const programs =
    pair.machine === undefined ? new Map<string, Buffer>() : await foreignPrograms(keys, options.deb(foreign), options);
  const tools: PackTool[] = [];
  const skipped: string[] = [];
  const libraries = new Map<string, Buffer>();
  if (pair.machine?.library === true) libraries.set(FOREIGN_LIBRARY, foreignLibrary());
  const place = (path: string) => foreignPlace(placeOf(path), { pair, ...pick(options) });
  const wanted = (path: string) => keys.has(place(path)) || isLibrary(path);
  for await (const [path, file] of debFiles(options.deb(native), wanted, options.signal)) {
    const key = keys.get(place(path));
    if (key === undefined) {
      const library = patchLibrary(file, { name: pair.package, ...pick(options) });
      if (library !== undefined) libraries.set(basename(path), library);
      continue;
    }
    const patched = patchFor(file, { pair, program: programs.get(place(path)), ...pick(options) });
    if (patched === undefined)
      skipped.push(`${place(path)}: what it knows of its machine cannot be changed to ${options.foreign.debian}'s`);
    else tools.push({ place: place(path), key, file: patched });
  }
  return { tools, libraries, skipped };
}

/** The keys of a package's programs that may run native, by their places. `scratch` is a folder for a while. */
export async function programKeys(
  pair: ToolPair,
  deb: string,
  options: { readonly foreign: DebianArchitecture; readonly scratch: string; readonly signal?: AbortSignal },
): Promise<ReadonlyMap<string, ProgramKey>> {
  const isTool = toolMatcher(pair, options.foreign);
  const keys = new Map<string, ProgramKey>();
  const scratch = join(options.scratch, 'program');
  for await (const [path, file] of debFiles(deb, (path) => isTool(placeOf(path)), options.signal)) {
    writeFileSync(scratch, file);
    const key = programKey(scratch);
    if (key !== undefined) keys.set(placeOf(path), key);
  }
  return keys;
}

/** The foreign programs themselves, by their places. */
async function foreignPrograms(
  keys: ReadonlyMap<string, ProgramKey>,
  deb: string,
  { signal }: { readonly signal?: AbortSignal },
): Promise<ReadonlyMap<string, Buffer>> {
  const programs = new Map<string, Buffer>();
  for await (const [path, file] of debFiles(deb, (path) => keys.has(placeOf(path)), signal)) {
    programs.set(placeOf(path), file);
  }
  return programs;
}

function pick({ foreign, native }: PatchContext): PatchContext {
  return { foreign, native };
}

function patchFor(
  file: Buffer,
  {
    pair,
    program,
    ...context
  }: PatchContext & { readonly pair: PlannedPair['pair']; readonly program: Buffer | undefined },
): Buffer | undefined {
  let patched: Buffer | undefined = patchTool(file);
  if (patched !== undefined && pair.native === 'cross') patched = patchCrossFolders(patched, context);
  if (patched !== undefined && pair.native === 'cross') patched = patchCrossDriver(patched);
  if (patched !== undefined && KNOWS_ARCHITECTURE.test(pair.package)) patched = patchArchitecture(patched, context);
  if (patched !== undefined && pair.machine !== undefined)
    patched = program === undefined ? undefined : patchMachine(patched, { program, traits: pair.machine, ...context });
  if (patched !== undefined) patched = patchGo(patched, { pair, ...context });
  return patched === undefined ? undefined : patchPluginFolders(patched);
}

/** Undefined where what has to be changed in it is not found or cannot be. */
function patchLibrary(
  file: Buffer,
  { name, ...context }: PatchContext & { readonly name: string },
): Buffer | undefined {
  const moved = patchPluginFolders(patchTool(file) ?? file);
  if (name === MIMALLOC.package) return withoutSettings(moved, MIMALLOC.settings);
  if (!KNOWS_ARCHITECTURE.test(name)) return moved;
  const patched = patchArchitecture(moved, context);
  return patched?.equals(moved) === true ? undefined : patched;
}

function isLibrary(path: string): boolean {
  return /\/lib\/(?:[^/]+\/)?[^/]+\.so(?:\.[^/]+)?$/.test(`/${path}`);
}

/** The shared libraries of packages by the names that programs ask for. */
async function readLibraries(
  packages: readonly ArchivePackage[],
  options: Parameters<typeof makePack>[2],
): Promise<Map<string, Buffer>> {
  const libraries = new Map<string, Buffer>();
  for (const one of packages) {
    for await (const [path, file] of debFiles(options.deb(one), isLibrary, options.signal)) {
      const library = patchLibrary(file, { name: one.name, ...pick(options) });
      if (library !== undefined) libraries.set(basename(path), library);
    }
  }
  return libraries;
}

/** All libraries that a program loads, by name; else what is missing. */
function neededLibraries(program: Buffer, libraries: ReadonlyMap<string, Buffer>): Map<string, Buffer> | string {
  const found = new Map<string, Buffer>();
  const todo = [...(elfLayout(program)?.needed ?? [])];
  for (let name = todo.pop(); name !== undefined; name = todo.pop()) {
    // Musl's loader is its libc.
    if (found.has(name) || name.startsWith('ld-linux') || name.startsWith('libc.musl-')) continue;
    const library = libraries.get(name);
    if (library === undefined) return `it needs ${name}, which no known package has`;
    found.set(name, library);
    todo.push(...(elfLayout(library)?.needed ?? []));
  }
  return found;
}

/** The first program of a .deb that is wanted. */
export async function debDataFile(deb: string, wanted: (path: string) => boolean): Promise<Buffer | undefined> {
  for await (const [path, file] of debFiles(deb, wanted, undefined)) if (wanted(path)) return file;
  return undefined;
}

/** Files of a .deb that are wanted, with their bytes; a link in the same folder counts as the file that it names. */
async function* debFiles(
  deb: string,
  wanted: (path: string) => boolean,
  signal: AbortSignal | undefined,
): AsyncGenerator<readonly [path: string, file: Buffer]> {
  const links: (readonly [path: string, target: string])[] = [];
  const files = new Map<string, Buffer>();
  for await (const { entry, body } of readPackageData(deb, signal === undefined ? {} : { signal })) {
    if (entry.type === 'symlink' && isLibrary(entry.path) && wanted(entry.path)) {
      links.push([entry.path, join(dirname(entry.path), entry.linkname)]);
    }
    if (entry.type !== 'file' || entry.size > MAX_PROGRAM) continue;
    if (!wanted(entry.path) && !isLibrary(entry.path)) continue;
    const parts: Buffer[] = [];
    for await (const part of body) parts.push(Buffer.from(part));
    const file = Buffer.concat(parts);
    if (file.length < 4 || file.readUInt32BE(0) !== 0x7f454c46) continue;
    if (isLibrary(entry.path)) files.set(join(entry.path), file);
    if (wanted(entry.path)) yield [entry.path, file];
  }
  for (const [path, target] of links) {
    const file = files.get(target);
    if (file !== undefined) yield [path, file];
  }
}
