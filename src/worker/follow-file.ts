import { existsSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { hasCode } from '../util/error.ts';

const CHUNK = 1024 * 1024;
/** Milliseconds between looks at a file that has not grown. */
const PAUSE = 4;

/**
 * The bytes of a file that another process is still writing, `size` of them in all. It becomes `finished` by a rename;
 * whoever writes it aborts the signal when it will not become whole.
 */
export async function* followFile(
  path: string,
  options: { size: number; finished: string; signal: AbortSignal },
): AsyncGenerator<Uint8Array> {
  const { size, signal } = options;
  const file = await openWhenThere(path, options);
  try {
    for (let position = 0; position < size;) {
      signal.throwIfAborted();
      const buffer = Buffer.allocUnsafe(Math.min(CHUNK, size - position));
      const { bytesRead } = await file.read(buffer, 0, buffer.length, position);
      if (bytesRead === 0) await sleep(PAUSE, undefined, { signal });
      else yield buffer.subarray(0, bytesRead);
      position += bytesRead;
    }
  } finally {
    await file.close();
  }
}

async function openWhenThere(path: string, { finished, signal }: { finished: string; signal: AbortSignal }) {
  for (let tries = 0; ; tries++) {
    try {
      return await open(existsSync(finished) ? finished : path, 'r');
    } catch (error) {
      // The writer names the file just before it makes it.
      if (!hasCode(error, 'ENOENT') || tries > 500) throw error;
      await sleep(PAUSE, undefined, { signal });
    }
  }
}
