import {
  closeSync,
  constants,
  fstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  rmSync,
  statSync,
  unlinkSync,
} from 'node:fs';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { debug } from '../util/debug.ts';
import { hasCode, messageOf } from '../util/error.ts';
import { tryFlock } from './syscalls.ts';

/**
 * A process's own folder for what is not whole yet: `NAME/` beside `NAME.lock`, whose flock the kernel lets
 * go when the process ends, however it ends. Leftovers of dead processes are removed by the next one; those
 * of live ones are never touched, whatever pid namespace they run in.
 */
export class WorkFolder implements Disposable {
  readonly path: string;
  readonly #lock: { readonly file: string; readonly fd: number };
  #next = 0;

  private constructor(path: string, lock: { readonly file: string; readonly fd: number }) {
    this.path = path;
    this.#lock = lock;
  }

  /** Makes one below `parent` and removes what dead processes left there. */
  static open(parent: string): WorkFolder {
    mkdirSync(parent, { recursive: true });
    for (;;) {
      const path = join(parent, randomBytes(6).toString('hex'));
      const file = `${path}.lock`;
      const fd = openSync(file, constants.O_RDWR | constants.O_CREAT | constants.O_EXCL, 0o600);
      // A sweeper may have taken the lock, and the file away, before this process could.
      if (!tryFlock(fd) || fstatSync(fd).nlink === 0) {
        closeSync(fd);
        continue;
      }
      mkdirSync(path, { mode: 0o700 });
      sweep(parent, file);
      return new WorkFolder(path, { file, fd });
    }
  }

  /** A new name inside, not made yet. */
  next(): string {
    return join(this.path, String(this.#next++));
  }

  [Symbol.dispose](): void {
    rmSync(this.path, { recursive: true, force: true });
    unlinkSync(this.#lock.file);
    closeSync(this.#lock.fd);
  }
}

function sweep(parent: string, own: string): void {
  for (const name of readdirSync(parent)) {
    const file = join(parent, name);
    if (!name.endsWith('.lock') || file === own) continue;
    try {
      removeIfDead(file);
    } catch (error) {
      if (!hasCode(error, 'ENOENT')) debug('snapshot', () => `leftover ${file}: ${messageOf(error)}`);
    }
  }
}

function removeIfDead(file: string): void {
  const fd = openSync(file, constants.O_RDWR);
  try {
    if (!tryFlock(fd) || statSync(file).ino !== fstatSync(fd).ino) return;
    debug('snapshot', () => `removing the leftovers of a process that died: ${file}`);
    rmSync(file.slice(0, -'.lock'.length), { recursive: true, force: true });
    unlinkSync(file);
  } finally {
    closeSync(fd);
  }
}
