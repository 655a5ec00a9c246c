import { tarMembers } from '../support/tar-members.ts';

/** What a plain tar holds: name → type letter, mode, text. */
export interface TarFile {
  readonly type: string;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly mtime: number;
  readonly link: string;
  readonly text: string;
}

export function listTar(bytes: Buffer): Map<string, TarFile> {
  const files = new Map<string, TarFile>();
  for (const { name, type, mode, uid, gid, mtime, link, body } of tarMembers(bytes))
    files.set(name.replace(/\/$/, ''), { type, mode, uid, gid, mtime: Math.floor(mtime), link, text: body.toString() });
  return files;
}
