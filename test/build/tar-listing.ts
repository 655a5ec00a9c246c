import { type TarMember, tarMembers } from '../support/tar-members.ts';

/** What a plain tar holds, by name; times in whole seconds. */
export type TarFile = Pick<TarMember, 'type' | 'mode' | 'uid' | 'gid' | 'mtime' | 'link'> & { readonly text: string };

export function listTar(bytes: Buffer): Map<string, TarFile> {
  const files = new Map<string, TarFile>();
  for (const { name, type, mode, uid, gid, mtime, link, body } of tarMembers(bytes))
    files.set(name.replace(/\/$/, ''), { type, mode, uid, gid, mtime: Math.floor(mtime), link, text: body.toString() });
  return files;
}
