import { type Stats, closeSync, createReadStream, fstatSync, openSync, statSync } from 'node:fs';
import { Socket } from 'node:net';
import type { Readable, Writable } from 'node:stream';
import { pipe } from '../snapshot/syscalls.ts';

/*
 * A container's standard streams. The runtime gives them to the container's user, so they must be nothing that the
 * machine goes on using: neither /dev/null nor a file that output is redirected to. And they must be pipes: a program
 * that opens /dev/stdout anew fails on the sockets that Node makes.
 */

/** This process's descriptors 0, 1 and 2. `process` is one. */
export interface OwnStreams {
  readonly stdin: Readable;
  readonly stdout: Writable;
  readonly stderr: Writable;
}

/** A descriptor for the runtime; `close` it here once the runtime has its own. */
export interface Stream {
  readonly fd: number;
  close(): void;
  /** Lets go of what feeds it. */
  stop?(): void;
}

export interface OutputStream extends Stream {
  /** Resolves when every writer is gone and all was handed on. */
  readonly ended: Promise<void>;
}

/** A pipe whose data goes to `onData`; while that returns a promise, no more is read. */
export function outputStream(onData: (data: Buffer) => Promise<void> | void): OutputStream {
  const [from, to] = pipe();
  const reader = new Socket({ fd: from, readable: true, writable: false });
  reader.on('data', (data: Buffer) => {
    const busy = onData(data);
    if (busy === undefined) return;
    reader.pause();
    void busy.then(() => reader.resume());
  });
  const ended = new Promise<void>((resolve) => reader.once('close', () => resolve()));
  return { fd: to, ended, close: () => closeSync(to) };
}

/** An empty file at `path`, made for it: reads as /dev/null does. */
export function emptyInput(path: string): Stream {
  closeSync(openSync(path, 'wx', 0o444));
  const fd = openSync(path, 'r');
  return { fd, close: () => closeSync(fd) };
}

/** This process's stdin, behind a pipe. Undefined when stdin is nothing. */
export function forwardedInput(streams: OwnStreams): Stream | undefined {
  const own = fstatSync(0);
  if (isNull(own)) return undefined;
  const [from, to] = pipe();
  const writer = new Socket({ fd: to, readable: false, writable: true });
  // The program may end before it has read everything.
  writer.on('error', () => reader.destroy());
  const reader = own.isFile() ? createReadStream('', { fd: 0, autoClose: false }) : streams.stdin;
  reader.on('error', () => writer.end());
  reader.pipe(writer);
  const stop = (): void => {
    reader.unpipe(writer);
    reader.destroy();
    writer.destroy();
  };
  return { fd: from, close: () => closeSync(from), stop };
}

function isNull(stat: Stats): boolean {
  return stat.isCharacterDevice() && stat.rdev === statSync('/dev/null').rdev;
}
