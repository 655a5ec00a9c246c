import { hasCode } from '../../util/error.ts';
import { getAttribute, listAttributes, setAttribute } from './system.ts';

/** Extended attributes by name, in order of the names. */
export type Attributes = ReadonlyMap<string, Uint8Array>;

export const NO_ATTRIBUTES: Attributes = new Map();

/**
 * The attributes that belong to the content: `user.*`, file capabilities and what else is no label of the
 * machine (`security.selinux`), access list of its accounts (`system.*`) or mark of an overlay.
 */
export function readAttributes(path: string): Attributes {
  const names = listAttributes(path).filter(isContentAttribute);
  if (names.length === 0) return NO_ATTRIBUTES;
  const found = new Map<string, Uint8Array>();
  for (const name of names.toSorted()) {
    const value = getAttribute(path, name);
    if (value !== undefined) found.set(name, value);
  }
  return found;
}

/** Sets them; returns the names of those that the file system or the namespace refuses. */
export function writeAttributes(path: string, attributes: Attributes): string[] {
  const refused: string[] = [];
  for (const [name, value] of attributes) {
    try {
      setAttribute(path, name, value);
    } catch (error) {
      if (!hasCode(error, 'EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'EINVAL')) throw error;
      refused.push(name);
    }
  }
  return refused;
}

/** False for what belongs to the machine rather than to the content. */
export function isContentAttribute(name: string): boolean {
  if (name === 'security.capability') return true;
  return !/^(?:security\.|system\.|(?:user|trusted)\.overlay\.|com\.apple\.)/.test(name);
}
