import { type BigIntStats, lstatSync, readdirSync, readlinkSync } from 'node:fs';
import { decodeText, fsPath } from '../archive/text.ts';
import { hasCode } from '../util/error.ts';

/*
 * Reading folders and links with names of any bytes: what is not UTF-8 comes escaped (archive/text.ts),
 * and fsPath makes bytes of it again. None follows a link at the path's end.
 */

const REPLACEMENT = '\uFFFD';

/** Undefined when nothing is there. */
export function lstatPlace(place: string): BigIntStats | undefined {
  try {
    return lstatSync(fsPath(place), { bigint: true, throwIfNoEntry: false });
  } catch (error) {
    if (hasCode(error, 'ENOTDIR')) return undefined;
    throw error;
  }
}

/** Names in a folder, sorted. */
export function listPlace(place: string): string[] {
  const path = fsPath(place);
  const names = readdirSync(path);
  if (!names.some((name) => name.includes(REPLACEMENT))) return names.toSorted();
  return readdirSync(path, { encoding: 'buffer' })
    .map((name) => decodeText(name))
    .toSorted();
}

/** A link's text; undefined when nothing or no link is there. */
export function readLinkPlace(place: string): string | undefined {
  const path = fsPath(place);
  try {
    if (lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() !== true) return undefined;
  } catch (error) {
    if (hasCode(error, 'ENOTDIR')) return undefined;
    throw error;
  }
  const text = readlinkSync(path);
  return text.includes(REPLACEMENT) ? decodeText(readlinkSync(path, { encoding: 'buffer' })) : text;
}
