import { createHash } from 'node:crypto';
import { lstatSync, readFileSync, readdirSync, readlinkSync } from 'node:fs';
import { join, relative } from 'node:path';

/** What a proof compares: by path, each file's mode, owner, and content or target. Paths that `leaveOut` matches are left out. */
export function treeOf(root: string, leaveOut?: RegExp): ReadonlyMap<string, string> {
  const tree = new Map<string, string>();
  for (const entry of readdirSync(root, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    const name = relative(root, path);
    if (leaveOut?.test(name) === true) continue;
    const facts = lstatSync(path);
    const content = facts.isFile()
      ? createHash('sha256').update(readFileSync(path)).digest('hex').slice(0, 16)
      : facts.isSymbolicLink()
        ? readlinkSync(path)
        : '';
    tree.set(name, `${facts.mode.toString(8)} ${facts.uid}:${facts.gid} ${content}`);
  }
  return tree;
}
