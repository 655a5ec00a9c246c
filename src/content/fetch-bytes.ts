import type { Readable } from 'node:stream';
import type { Descriptor } from '../oci/descriptor.ts';
import { verifyBytes } from '../oci/digest.ts';
import { PolyarchError } from '../util/error.ts';
import { LIMITS } from '../util/limits.ts';
import { destroyOnAbort } from '../util/abort.ts';
import { fetchInto } from './fetch-into.ts';
import type { Fetcher } from './storage.ts';

export interface FetchBytesOptions {
  /** Default: the limit of a manifest, 4 MiB. */
  readonly maxBytes?: number;
  readonly signal?: AbortSignal;
}

/**
 * The whole content of a small blob, verified. A descriptor that carries its content (`data`) is not fetched.
 * Fails with TOO_LARGE before anything is read when the descriptor says more than `maxBytes`.
 */
export async function fetchBytes(
  fetcher: Fetcher,
  descriptor: Descriptor,
  options: FetchBytesOptions = {},
): Promise<Uint8Array> {
  const maxBytes = options.maxBytes ?? LIMITS.manifestBytes;
  if (descriptor.size > maxBytes) {
    throw new PolyarchError(
      'TOO_LARGE',
      `${descriptor.digest} (${descriptor.mediaType}) has ${descriptor.size} bytes; at most ${maxBytes} are read`,
    );
  }
  if (descriptor.data !== undefined && descriptor.size > 0) {
    const content = Buffer.from(descriptor.data, 'base64');
    verifyBytes(content, descriptor);
    return content;
  }
  const { signal } = options;
  return fetchInto(fetcher, descriptor, (content) => readAll(content, { signal }), { signal });
}

/** All bytes of a stream that is bounded already. */
export async function readAll(stream: Readable, options: { signal?: AbortSignal } = {}): Promise<Uint8Array> {
  using _ = destroyOnAbort(stream, options.signal);
  const chunks: Uint8Array[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  options.signal?.throwIfAborted();
  return chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks);
}
