import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { Readable, pipeline } from 'node:stream';
import { hasCode, PolyarchError } from '../util/error.ts';

/** Pipes a stream through a filter program of the machine. Fails with PROGRAM_MISSING, or ARCHIVE_INVALID with its last words. */
export async function* throughProgram(
  source: AsyncIterable<Uint8Array>,
  command: readonly [string, ...string[]],
  signal?: AbortSignal,
): AsyncGenerator<Buffer> {
  const [program, ...args] = command;
  const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'pipe'], signal });
  let words = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (words = (words + text).slice(-2000)));
  const ended = once(child, 'close');
  ended.catch(() => {});
  let failure: unknown;
  pipeline(Readable.from(source, { objectMode: false }), child.stdin, (error) => {
    // The program may close its input early; any other failure is the source's.
    if (error !== null && error !== undefined && !hasCode(error, 'EPIPE', 'ERR_STREAM_PREMATURE_CLOSE', 'ECONNRESET')) {
      failure = error;
      child.kill();
    }
  });
  try {
    yield* child.stdout;
    const [code] = await ended;
    if (failure !== undefined) throw failure;
    if (code !== 0)
      throw new PolyarchError('ARCHIVE_INVALID', `${program} failed: ${words.trim() || `exit code ${code}`}`);
  } catch (error) {
    if (failure !== undefined) throw failure;
    if (!hasCode(error, 'ENOENT')) throw error;
    throw new PolyarchError('PROGRAM_MISSING', `the archive is packed with ${program}, which is not installed`, {
      hint: `install it, for instance with: apt-get install ${program === 'xz' ? 'xz-utils' : program}`,
      cause: error,
    });
  } finally {
    if (child.exitCode === null) child.kill();
  }
}
