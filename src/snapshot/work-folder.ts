import {
  chmodSync,
  closeSync,
  constants,
  fstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  statSync,
  unlinkSync,
} from 'node:fs';
import { randomBytes } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { debug } from '../util/debug.ts';
import { hasCode, messageOf } from '../util/error.ts';
import { tryFlock } from './syscalls.ts';

/**
 * A process's own folder for what is not whole yet: `NAME/` beside `NAME.lock`, whose flock the kernel lets
 * go when the process ends, however it ends. Leftovers of dead processes are removed by the next one, in the
 * background; those of live ones are never touched, whatever pid namespace they run in.
 */
export class WorkFolder implements AsyncDisposable {
  readonly path: string;
  readonly #lock: { readonly file: string; readonly fd: number };
  readonly #swept: Promise<void>;
  #next = 0;

  private constructor(path: string, lock: { readonly file: string; readonly fd: number }) {
    this.path = path;
    this.#lock = lock;
    this.#swept = sweep(dirname(path), lock.file);
  }

  /** Makes one below `parent`. */
  static open(parent: string): WorkFolder {
    mkdirSync(parent, { recursive: true, mode: 0o700 });
    for (;;) {
      const path = join(parent, randomBytes(6).toString('hex'));
      const file = `${path}.lock`;
      const fd = openSync(file, constants.O_RDWR | constants.O_CREAT | constants.O_EXCL, 0o600);
      // A sweeper may have taken the lock, and the file away, before this process could.
      if (!tryFlock(fd) || fstatSync(fd).nlink === 0) {
        closeSync(fd);
        continue;
      }
      mkdirSync(path);
      chmodSync(path, 0o700); // clears a setgid bit, which layers must not inherit
      return new WorkFolder(path, { file, fd });
    }
  }

  /** A new name inside, not made yet. */
  next(): string {
    return join(this.path, String(this.#next++));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#swept;
    await rm(this.path, { recursive: true, force: true });
    unlinkSync(this.#lock.file);
    closeSync(this.#lock.fd);
  }
}

async function sweep(parent: string, own: string): Promise<void> {
  for (const name of readdirSync(parent)) {
    const file = join(parent, name);
    if (!name.endsWith('.lock') || file === own) continue;
    try {
      await removeIfDead(file);
    } catch (error) {
      if (!hasCode(error, 'ENOENT')) debug('snapshot', () => `leftover ${file}: ${messageOf(error)}`);
    }
  }
}

async function removeIfDead(file: string): Promise<void> {
  const fd = openSync(file, constants.O_RDWR);
  try {
    if (!tryFlock(fd) || statSync(file).ino !== fstatSync(fd).ino) return;
    debug('snapshot', () => `removing the leftovers of a process that died: ${file}`);
    await rm(file.slice(0, -'.lock'.length), { recursive: true, force: true });
    unlinkSync(file);
  } finally {
    closeSync(fd);
  }
}
