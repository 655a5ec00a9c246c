import type { ImageMetaResolver } from '../llb/metadata.ts';
import { PolyarchError, hasCode } from '../util/error.ts';

/** How long a check waits for an answer about one base, in ms. */
const PATIENCE = 10_000;

/** Asks as `images` does, but gives up soon, and a registry that does not answer is not asked about an image again. */
export function askingBriefly(images: ImageMetaResolver): ImageMetaResolver {
  const unanswered = new Map<string, unknown>();
  return {
    async resolveImageConfig(reference, options) {
      if (unanswered.has(reference)) throw unanswered.get(reference);
      const limit = new AbortController();
      const stop = () => limit.abort();
      const timer = setTimeout(stop, PATIENCE);
      options.signal?.addEventListener('abort', stop);
      try {
        return await images.resolveImageConfig(reference, { ...options, signal: limit.signal });
      } catch (error) {
        options.signal?.throwIfAborted();
        const failure = limit.signal.aborted ? noAnswer(reference) : error;
        if (hasCode(failure, 'REGISTRY_UNREACHABLE')) unanswered.set(reference, failure);
        throw failure;
      } finally {
        clearTimeout(timer);
        options.signal?.removeEventListener('abort', stop);
      }
    },
  };
}

function noAnswer(reference: string): PolyarchError {
  return new PolyarchError('REGISTRY_UNREACHABLE', `${reference}: no answer within ${PATIENCE / 1000} s`);
}
