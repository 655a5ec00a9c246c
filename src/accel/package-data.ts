import { closeSync, openSync, readSync } from 'node:fs';
import type { TarMember } from '../archive/reader.ts';
import { readApkData } from './apk-package.ts';
import { readDebData } from './deb-package.ts';

/** The files of a package of any distribution, a .deb or an .apk, by what is in the file. */
export function readPackageData(file: string, options: { signal?: AbortSignal } = {}): AsyncGenerator<TarMember> {
  const fd = openSync(file, 'r');
  try {
    const magic = Buffer.alloc(2);
    readSync(fd, magic, 0, 2, 0);
    return magic.readUInt16BE(0) === 0x1f8b ? readApkData(file, options) : readDebData(file, options);
  } finally {
    closeSync(fd);
  }
}
