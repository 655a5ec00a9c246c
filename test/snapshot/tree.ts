import { createHash } from 'node:crypto';
import { lstatSync, readFileSync, readlinkSync } from 'node:fs';
import { fsPath } from '../../src/archive/text.ts';
import { isOpaque } from '../../src/snapshot/overlay-format.ts';
import { readXattrs } from '../../src/snapshot/image-xattrs.ts';
import { walkTree } from '../../src/snapshot/walk.ts';

/** A tree as one line a file, with all that an image keeps of it; hardlinks show the first name. */
export function listTree(root: string, options: { times?: boolean | 'seconds' } = {}): string[] {
  const names = new Map<string, string>();
  return [...walkTree(root)].map(({ path, full, stat }) => {
    const key = `${stat.dev}:${stat.ino}`;
    const first = stat.isDirectory() || stat.nlink === 1 ? undefined : names.get(key);
    names.set(key, names.get(key) ?? path);
    const { mtimeNs } = lstatSync(fsPath(full), { bigint: true });
    const content = stat.isFile()
      ? `${stat.size} ${createHash('sha256')
          .update(readFileSync(fsPath(full)))
          .digest('hex')
          .slice(0, 12)}`
      : stat.isSymbolicLink()
        ? `→ ${readlinkSync(fsPath(full))}`
        : stat.isDirectory()
          ? '/'
          : `rdev ${stat.rdev}`;
    const xattrs = [...readXattrs(full)].map(([name, value]) => `${name}=${value.toString('hex')}`).toSorted();
    const time =
      options.times === false
        ? []
        : [options.times === 'seconds' ? `${Math.floor(Number(mtimeNs) / 1e9)} s` : String(mtimeNs)];
    return [
      path,
      (stat.mode & 0o170000).toString(8),
      (stat.mode & 0o7777).toString(8),
      `${stat.uid}:${stat.gid}`,
      ...time,
      content,
      ...xattrs,
      ...(stat.isDirectory() && isOpaque(full) ? ['opaque'] : []),
      ...(first === undefined ? [] : [`= ${first}`]),
    ].join(' ');
  });
}
