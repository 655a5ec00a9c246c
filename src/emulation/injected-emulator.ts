import { createHash, randomUUID } from 'node:crypto';
import {
  closeSync,
  existsSync,
  fsyncSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  utimesSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { debug } from '../util/debug.ts';
import { messageOf } from '../util/error.ts';
import { makeFolder } from '../util/make-folder.ts';
import type { ArchitectureRecord } from './architectures.ts';
import { DISPATCHER_CODE } from './dispatcher/code.ts';
import { emulatorEnv, emulatorVersion } from './emulator-version.ts';
import { injectDispatcher } from './inject.ts';
import { hostArchitecture } from './native.ts';
import { programKey } from './program-key.ts';

/**
 * The emulator with the dispatcher in it, made once in `folder` for each content of the emulator, version of the dispatcher and
 * settings. It appears there by one rename, whole. Undefined, and the debug log says why, where it cannot be had: then the
 * emulator serves as it is.
 */
export async function injectedEmulator(
  emulator: string,
  options: { readonly folder: string; readonly record: ArchitectureRecord },
): Promise<string | undefined> {
  const { record, folder } = options;
  const host = hostArchitecture();
  try {
    const file = join(folder, `qemu-${record.qemu}-${identity(emulator, { host, cpu: record.cpu })}`);
    if (touch(file)) return file;
    const version = record.cpu === undefined ? undefined : await emulatorVersion(emulator);
    const environment = emulatorEnv(record, version);
    const injection = injectDispatcher(readFileSync(emulator), { host, environment });
    if ('program' in injection) {
      writeWhole(file, { folder, bytes: injection.program });
      return file;
    }
    debug('emulation', () => `${emulator} is used as it is: ${injection.refused}`);
  } catch (error) {
    debug('emulation', () => `${emulator} is used as it is: ${messageOf(error)}`);
  }
  return undefined;
}

function identity(
  emulator: string,
  options: { readonly host: string; readonly cpu: ArchitectureRecord['cpu'] },
): string {
  const key = programKey(emulator);
  const hash = createHash('sha256');
  hash.update(key?.bytes ?? '').update(key?.content ?? '');
  hash.update(JSON.stringify([DISPATCHER_CODE[options.host]?.code, options.cpu]));
  return hash.digest('hex').slice(0, 32);
}

/** Notes that a file is used, for prune; false when it is not there. */
function touch(file: string): boolean {
  if (!existsSync(file)) return false;
  const now = new Date();
  try {
    utimesSync(file, now, now);
  } catch {
    // A store that may only be read.
  }
  return true;
}

function writeWhole(file: string, options: { readonly folder: string; readonly bytes: Uint8Array }): void {
  makeFolder(options.folder);
  const part = join(options.folder, `.${randomUUID()}.part`);
  try {
    const fd = openSync(part, 'wx', 0o755);
    try {
      for (let at = 0; at < options.bytes.length;) at += writeSync(fd, options.bytes, at);
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
    renameSync(part, file);
  } finally {
    rmSync(part, { force: true });
  }
}
