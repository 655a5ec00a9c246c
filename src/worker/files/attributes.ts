import { readXattrs } from '../../snapshot/image-xattrs.ts';
import { lsetxattr } from '../../snapshot/syscalls.ts';
import { hasCode } from '../../util/error.ts';

/** Extended attributes by name. */
export type Attributes = ReadonlyMap<string, Uint8Array>;

/** The attributes that belong to the content, in order of their names: not the machine's labels and overlayfs's marks. */
export function readAttributes(path: string): Attributes {
  const found = readXattrs(path);
  return found.size < 2 ? found : new Map([...found].toSorted(([one], [other]) => (one < other ? -1 : 1)));
}

/** Sets them; returns the names of those that the file system or the namespace refuses. */
export function writeAttributes(path: string, attributes: Attributes): string[] {
  const refused: string[] = [];
  for (const [name, value] of attributes) {
    try {
      if (/^(?:user|trusted)\.overlay\./.test(name)) refused.push(name);
      else lsetxattr(path, name, { value });
    } catch (error) {
      if (!hasCode(error, 'EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'EINVAL')) throw error;
      refused.push(name);
    }
  }
  return refused;
}
