import { closeSync, constants, openSync, readSync } from 'node:fs';
import { fsPath } from '../archive/text.ts';
import { type ElfFacts, readElf } from '../util/elf.ts';
import { ELF_MINIMUM, isElf } from '../util/elf-header.ts';
import { pacer } from '../util/pacer.ts';
import { type TreeEntry, walkTree } from './walk.ts';

/** A program or shared library of a layer. */
export interface ElfFile extends ElfFacts {
  /** Absolute in the image. */
  readonly path: string;
}

const EXECUTABLE = 2;
const SHARED = 3;

/** An open file of a layer whose first bytes are an ELF file's: undefined for objects of compilers, kernel modules and dumps. */
export function elfFile(path: string, fd: number): ElfFile | undefined {
  const facts = readElf(fd);
  if (facts === undefined || (facts.type !== EXECUTABLE && facts.type !== SHARED)) return undefined;
  return { path: `/${path}`, ...facts };
}

/** As programs and libraries are told without opening every file: by the execute bit, or by name. */
export function elfFileOf(item: TreeEntry): ElfFile | undefined {
  const { path, stat } = item;
  if (!stat.isFile() || stat.size < ELF_MINIMUM) return undefined;
  return (stat.mode & 0o111) !== 0 || /\.(?:so|node)(?:\.|$)/.test(path) ? openElf(item) : undefined;
}

/** The programs and shared libraries of a layer's folder, for a layer that nothing packs. */
export async function elfFiles(root: string, { signal }: { signal?: AbortSignal } = {}): Promise<readonly ElfFile[]> {
  const found: ElfFile[] = [];
  const pace = pacer(signal);
  for (const item of walkTree(root)) {
    if (pace.due) await pace.rest();
    const file = item.stat.isFile() && item.stat.size >= ELF_MINIMUM ? openElf(item) : undefined;
    if (file !== undefined) found.push(file);
  }
  return found;
}

const start = Buffer.alloc(4);

function openElf({ path, full }: TreeEntry): ElfFile | undefined {
  const fd = openSync(fsPath(full), constants.O_RDONLY | constants.O_NOFOLLOW);
  try {
    return readSync(fd, start, 0, 4, 0) === 4 && isElf(start) ? elfFile(path, fd) : undefined;
  } finally {
    closeSync(fd);
  }
}
