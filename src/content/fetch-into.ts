import type { Readable } from 'node:stream';
import type { Descriptor } from '../oci/descriptor.ts';
import { debug } from '../util/debug.ts';
import { messageOf, PolyarchError } from '../util/error.ts';
import type { Abortable, Fetcher } from './storage.ts';

/**
 * Fetches a blob and hands its stream to `take`; anew when the source says, by `details.again`, that it had
 * the wrong bytes from a place that it has left out since (a mirror). Nothing is read of the stream afterwards.
 */
export async function fetchInto<T>(
  source: Fetcher,
  descriptor: Descriptor,
  take: (content: Readable) => Promise<T>,
  options: Abortable = {},
): Promise<T> {
  for (;;) {
    const content = await source.fetch(descriptor, options);
    // Found by the reader, also when it comes before that.
    content.on('error', () => {});
    try {
      return await take(content);
    } catch (error) {
      options.signal?.throwIfAborted();
      if (!(error instanceof PolyarchError) || error.details['again'] !== true) throw error;
      debug('content', () => `${descriptor.digest} is fetched anew: ${messageOf(error)}`);
    } finally {
      content.destroy();
    }
  }
}
