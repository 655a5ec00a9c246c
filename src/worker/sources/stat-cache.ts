import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { digestOf } from '../../oci/digest.ts';
import { debug } from '../../util/debug.ts';
import { hasCode, messageOf } from '../../util/error.ts';

/** Where what scans know of files' digests is kept between builds. A lost or damaged cache costs only time. */
export interface StatCache {
  load(key: string): Uint8Array | undefined;
  save(key: string, bytes: Uint8Array): void;
}

/** One file for each key in a folder, replaced in one rename. */
export function fileStatCache(folder: string): StatCache {
  const fileOf = (key: string) => join(folder, `${digestOf(key).slice('sha256:'.length, 'sha256:'.length + 32)}.stat`);
  return {
    load: (key) => {
      try {
        return readFileSync(fileOf(key));
      } catch (error) {
        if (!hasCode(error, 'ENOENT', 'ENOTDIR')) debug('context', () => `no stat cache: ${messageOf(error)}`);
        return undefined;
      }
    },
    save: (key, bytes) => {
      const file = fileOf(key);
      const temporary = `${file}.${process.pid}`;
      try {
        mkdirSync(folder, { recursive: true });
        try {
          writeFileSync(temporary, bytes);
          renameSync(temporary, file);
        } finally {
          rmSync(temporary, { force: true });
        }
      } catch (error) {
        debug('context', () => `the stat cache was not kept: ${messageOf(error)}`);
      }
    },
  };
}
