import { closeSync, constants, openSync, readSync } from 'node:fs';
import { fsPath } from '../archive/text.ts';
import { ELF_MINIMUM, type ElfFacts, isElf, readElf } from '../util/elf.ts';
import { pacer } from '../util/pacer.ts';
import { walkTree } from './walk.ts';

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

/** The programs and shared libraries of a layer's folder, for a layer that nothing packs. */
export async function elfFiles(root: string, { signal }: { signal?: AbortSignal } = {}): Promise<readonly ElfFile[]> {
  const found: ElfFile[] = [];
  const start = Buffer.alloc(4);
  const pace = pacer(signal);
  for (const { path, full, stat } of walkTree(root)) {
    if (pace.due) await pace.rest();
    if (!stat.isFile() || stat.size < ELF_MINIMUM) continue;
    const fd = openSync(fsPath(full), constants.O_RDONLY | constants.O_NOFOLLOW);
    try {
      const file = readSync(fd, start, 0, 4, 0) === 4 && isElf(start) ? elfFile(path, fd) : undefined;
      if (file !== undefined) found.push(file);
    } finally {
      closeSync(fd);
    }
  }
  return found;
}
