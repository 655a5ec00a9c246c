import { request } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { PolyarchError, messageOf } from '../util/error.ts';
import { LIMITS } from '../util/limits.ts';

/** Loads an image archive into Docker (Engine API `POST /images/load`) over its socket. Fails with DOCKER_LOAD. */
export async function loadIntoDocker(
  socketPath: string,
  archive: AsyncIterable<Uint8Array>,
  options: { signal?: AbortSignal } = {},
): Promise<void> {
  const answer = await new Promise<{ status: number; text: string }>((resolve, reject) => {
    const call = request(
      {
        socketPath,
        method: 'POST',
        path: '/images/load?quiet=1',
        headers: { 'content-type': 'application/x-tar' },
        ...options,
      },
      (response) => {
        const chunks: Buffer[] = [];
        let size = 0;
        response.on('data', (chunk: Buffer) => {
          size += chunk.length;
          if (size > LIMITS.jsonBytes) response.destroy(new Error('the answer is too long'));
          else chunks.push(chunk);
        });
        response.on('error', reject);
        response.on('end', () => resolve({ status: response.statusCode ?? 0, text: Buffer.concat(chunks).toString() }));
      },
    );
    call.on('error', reject);
    pipeline(Readable.from(archive, { objectMode: false }), call, options).catch(reject);
  }).catch((error: unknown) => {
    options.signal?.throwIfAborted();
    throw failed(socketPath, messageOf(error));
  });
  // The status is 200 before the archive is read; a failure comes as a line with "error".
  const error = answer.text.split('\n').flatMap((line) => errorOf(line))[0];
  if (answer.status >= 300 || error !== undefined)
    throw failed(socketPath, error ?? `status ${answer.status}: ${answer.text.slice(0, 500)}`);
}

function errorOf(line: string): string[] {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null && 'error' in value ? [String(value.error)] : [];
  } catch {
    return [];
  }
}

function failed(socket: string, why: string): PolyarchError {
  return new PolyarchError('DOCKER_LOAD', `Docker at ${socket} did not take the image: ${why}`, {
    hint: 'the image is in the local store; polyarch save -o FILE.tar IMAGE writes it to a file',
  });
}
