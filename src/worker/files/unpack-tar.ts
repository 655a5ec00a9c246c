import {
  chmodSync,
  closeSync,
  constants,
  fchmodSync,
  ftruncateSync,
  linkSync,
  mkdirSync,
  openSync,
  rmSync,
  symlinkSync,
  writeSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import type { TarEntry } from '../../archive/entry.ts';
import { memberPath } from '../../archive/member-path.ts';
import type { TarMember } from '../../archive/reader.ts';
import { fsPath } from '../../archive/text.ts';
import { mknod, S_IF, setTimesNs } from '../../snapshot/syscalls.ts';
import { PolyarchError, hasCode } from '../../util/error.ts';
import { writeAttributes } from './attributes.ts';
import { fileFailure } from './failure.ts';
import type { OwnerIds } from './owner.ts';
import type { Pacer } from '../../util/pacer.ts';
import { resolveWithin } from '../../snapshot/rooted-path.ts';
import { changeOwner, makeDirectories, type Target } from './target.ts';
import { statEntry } from './tree.ts';

export interface UnpackOptions {
  /** For messages. */
  readonly name: string;
  /** Owner of everything; `archive` takes each member's own, `none` changes none. */
  readonly owner: OwnerIds | 'archive' | 'none';
  readonly pacer: Pacer;
}

/**
 * Writes a tar's members below a root's folder as Docker's ADD does: the last of a name wins, what is in
 * the way is replaced, folders are merged, whiteouts mean nothing. No member reaches outside the folder:
 * links on the way are followed as if it were the root.
 *
 * @param target its root is the folder
 * @throws PolyarchError ARCHIVE_UNSAFE for a name or hard link that climbs out with `..`; ARCHIVE_INVALID
 */
export async function unpackTar(
  target: Target,
  members: AsyncIterable<TarMember>,
  options: UnpackOptions,
): Promise<void> {
  const folders = new Map<string, TarEntry>();
  for await (const member of members) {
    const { entry } = member;
    const named = `/${memberPath(entry.path, options.name)}`;
    if (named === '/') continue;
    try {
      const parent = resolveWithin(target.root, dirname(named));
      makeDirectories(target, parent, { mode: 0o755 });
      const path = join(parent, named.slice(dirname(named).length).replace(/^\//, ''));
      if (await unpackMember(target, { member, path, options })) folders.set(path, entry);
    } catch (error) {
      throw fileFailure(error, `unpacking ${JSON.stringify(entry.path)} of ${options.name}`);
    }
    if (options.pacer.due) await options.pacer.rest();
  }
  // Innermost first, so that a folder's mode and time stand when it is done.
  for (const [path, entry] of [...folders].toReversed()) {
    if (resolveWithin(target.root, path) === path && statEntry(join(target.root, path))?.type === 'directory')
      setMetadata(target, { path, entry, options });
  }
}

/** True for a folder, whose metadata waits for what is in it. */
async function unpackMember(
  target: Target,
  job: { member: TarMember; path: string; options: UnpackOptions },
): Promise<boolean> {
  const { member, path, options } = job;
  const { entry } = member;
  const place = join(target.root, path);
  const linked = entry.type === 'hardlink' ? hardLinkSource(target, entry, options) : undefined;
  if (linked === place) return false;
  const existing = statEntry(place);
  if (existing?.type === 'directory' && entry.type === 'directory') return true;
  if (existing !== undefined) rmSync(fsPath(place), { recursive: true, force: true });
  switch (entry.type) {
    case 'directory':
      mkdirSync(fsPath(place), 0o700);
      return true;
    case 'hardlink':
      if (linked !== undefined) linkSync(fsPath(linked), fsPath(place));
      // Its header counts for the file, as in Docker's ADD.
      if (statEntry(place)?.type === 'symlink') return false;
      break;
    case 'symlink':
      symlinkSync(fsPath(entry.linkname), fsPath(place));
      break;
    case 'file':
      await writeBody(place, member, options.pacer);
      break;
    case 'char':
    case 'block':
    case 'fifo':
      if (!unpackNode(target, path, entry)) return false;
  }
  setMetadata(target, { path, entry, options });
  return false;
}

function hardLinkSource(target: Target, entry: TarEntry, options: UnpackOptions): string {
  const named = memberPath(entry.linkname, options.name);
  const place = join(target.root, resolveWithin(target.root, named, { followLast: false }));
  const type = statEntry(place)?.type;
  if (type !== undefined && type !== 'directory') return place;
  throw new PolyarchError(
    'ARCHIVE_INVALID',
    `${options.name}: ${JSON.stringify(entry.path)} is a hard link to ${JSON.stringify(entry.linkname)}, which is no file before it`,
  );
}

async function writeBody(place: string, member: TarMember, pacer: Pacer): Promise<void> {
  const file = openSync(
    fsPath(place),
    constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW,
    0o600,
  );
  try {
    let position = 0;
    for await (const bytes of member.body) {
      const hole = member.entry.sparse !== undefined && bytes.every((byte) => byte === 0);
      if (!hole)
        for (let done = 0; done < bytes.length;)
          done += writeSync(file, bytes, done, bytes.length - done, position + done);
      position += bytes.length;
      if (pacer.due) await pacer.rest();
    }
    if (member.entry.sparse !== undefined) ftruncateSync(file, member.entry.size);
    fchmodSync(file, 0o600);
  } finally {
    closeSync(file);
  }
}

function unpackNode(target: Target, path: string, entry: TarEntry): boolean {
  const type = entry.type === 'char' ? S_IF.CHR : entry.type === 'block' ? S_IF.BLK : S_IF.FIFO;
  try {
    mknod(join(target.root, path), type | 0o600, { major: entry.devMajor, minor: entry.devMinor });
    return true;
  } catch (error) {
    if (!hasCode(error, 'EPERM')) throw error;
    target.warn(`the device ${JSON.stringify(path)} was left out: devices can only be made by root of the machine`);
    return false;
  }
}

function setMetadata(target: Target, job: { path: string; entry: TarEntry; options: UnpackOptions }): void {
  const { path, entry, options } = job;
  const place = join(target.root, path);
  if (options.owner !== 'none') changeOwner(target, path, options.owner === 'archive' ? entry : options.owner);
  const refused = writeAttributes(place, entry.xattrs);
  if (refused.length > 0)
    target.warn(`attributes that could not be kept: ${refused.join(', ')} (first of ${JSON.stringify(path)})`);
  if (entry.type !== 'symlink') chmodSync(fsPath(place), entry.mode);
  setTimesNs(place, BigInt(entry.mtime) * 1_000_000_000n + BigInt(entry.mtimeNs));
}
