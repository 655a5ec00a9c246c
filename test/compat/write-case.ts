import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, linkSync, lchownSync, lutimesSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { lsetxattr } from '../../src/snapshot/syscalls.ts';
import type { CompatFile, CompatFiles } from './case.ts';

/** 2021-03-04T05:06:07Z */
const TIME = 1614834367;

/** Other contents have another time: BuildKit takes a file of the same name, size and time for the same. */
function timeOf(content: string | Uint8Array): number {
  return TIME + (createHash('sha256').update(content).digest().readUInt32BE() % 10_000_000);
}

/** Writes a context; `fill` replaces the places of served things in texts. */
export function writeCase(folder: string, files: CompatFiles, fill: (text: string) => string): void {
  const folders = new Set([folder]);
  for (const [name, given] of Object.entries(files)) {
    const path = join(folder, name);
    for (let above = dirname(path); above.length > folder.length; above = dirname(above)) folders.add(above);
    mkdirSync(dirname(path), { recursive: true });
    const file: Exclude<CompatFile, string | Uint8Array> =
      typeof given === 'string' ? { text: given } : given instanceof Uint8Array ? {} : given;
    if (given instanceof Uint8Array) writeFileSync(path, given);
    else if (file.link !== undefined) symlinkSync(file.link, path);
    else if (file.hardlink !== undefined) linkSync(join(folder, file.hardlink), path);
    else if (file.special === 'folder') mkdirSync(path, { recursive: true });
    else if (file.special === 'fifo') execFileSync('mkfifo', [path]);
    else if (file.special === 'socket')
      execFileSync(process.execPath, [
        '-e',
        'require("net").createServer().listen(process.argv[1],()=>process.exit())',
        path,
      ]);
    else if (file.special === 'device') execFileSync('mknod', [path, 'c', '1', '3']);
    else writeFileSync(path, fill(file.text ?? ''));
    if (file.hardlink !== undefined) continue;
    const [uid, gid] = file.owner ?? [0, 0];
    lchownSync(path, uid, gid);
    if (file.link === undefined) chmodSync(path, file.mode ?? (file.special === 'folder' ? 0o755 : 0o644));
    for (const [key, value] of Object.entries(file.xattrs ?? {})) lsetxattr(path, key, { value });
    const mtime = file.mtime ?? timeOf(given instanceof Uint8Array ? given : fill(file.text ?? ''));
    lutimesSync(path, mtime, mtime);
  }
  // The deepest first, as making a file changes its folder's time; folders that were asked for have theirs.
  for (const path of [...folders].toSorted((a, b) => b.length - a.length)) {
    const given = files[path.slice(folder.length + 1)];
    const mtime = typeof given === 'object' && 'special' in given ? (given.mtime ?? TIME) : TIME;
    lutimesSync(path, mtime, mtime);
  }
}
