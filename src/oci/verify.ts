import { createHash, hash } from 'node:crypto';
import { pipeline, type Readable, Transform } from 'node:stream';
import { PolyarchError } from '../util/error.ts';
import type { Descriptor } from './descriptor.ts';
import type { Digest, DigestAlgorithm } from './digest.ts';

/** Counts and hashes what passes, and tells at the end whether it was the descriptor's content. */
export interface Verifier {
  /** Takes the next chunk; fails with SIZE_MISMATCH as soon as there are more bytes than the descriptor says. */
  update(chunk: Uint8Array): void;
  /** Fails with SIZE_MISMATCH or DIGEST_MISMATCH when the bytes so far are not the descriptor's. */
  finish(): void;
}

type Expected = Pick<Descriptor, 'digest' | 'size' | 'mediaType'>;

export function verifier(descriptor: Expected): Verifier {
  const sum = createHash(algorithmOf(descriptor.digest));
  let size = 0;
  return {
    update(chunk) {
      size += chunk.length;
      if (size > descriptor.size) throw sizeMismatch(descriptor, `more than ${descriptor.size}`);
      sum.update(chunk);
    },
    finish() {
      if (size !== descriptor.size) throw sizeMismatch(descriptor, `only ${size}`);
      const found: Digest = `${algorithmOf(descriptor.digest)}:${sum.digest('hex')}`;
      if (found !== descriptor.digest) throw digestMismatch(descriptor, found);
    },
  };
}

/** Fails with SIZE_MISMATCH or DIGEST_MISMATCH unless the bytes are the descriptor's. */
export function verifyBytes(content: Uint8Array, descriptor: Expected): void {
  if (content.length !== descriptor.size) throw sizeMismatch(descriptor, `${content.length}`);
  const algorithm = algorithmOf(descriptor.digest);
  const found: Digest = `${algorithm}:${hash(algorithm, content)}`;
  if (found !== descriptor.digest) throw digestMismatch(descriptor, found);
}

/**
 * The stream, checked on its way: it fails with SIZE_MISMATCH or DIGEST_MISMATCH before its end when the
 * bytes are not the descriptor's. Destroying either stream destroys the other.
 */
export function verifyStream(content: Readable, descriptor: Expected): Readable {
  const check = verifier(descriptor);
  const checked = new Transform({
    highWaterMark: 256 * 1024,
    transform(chunk: Uint8Array, _encoding, done) {
      done(
        attempt(() => check.update(chunk)),
        chunk,
      );
    },
    flush(done) {
      done(attempt(() => check.finish()));
    },
  });
  // The failure reaches the reader through `checked`; the callback only keeps it from being unhandled.
  pipeline(content, checked, () => {});
  // One that fails before anyone reads it must not end the process: its reader finds the failure later.
  checked.on('error', () => {});
  return checked;
}

function algorithmOf(digest: Digest): DigestAlgorithm {
  return digest.startsWith('sha256:') ? 'sha256' : 'sha512';
}

function attempt(body: () => void): Error | null {
  try {
    body();
    return null;
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
}

function sizeMismatch(descriptor: Expected, found: string): PolyarchError {
  return new PolyarchError(
    'SIZE_MISMATCH',
    `${name(descriptor)} has ${found} bytes, its descriptor says ${descriptor.size}`,
    { hint: HINT, details: { digest: descriptor.digest, size: descriptor.size } },
  );
}

function digestMismatch(descriptor: Expected, found: Digest): PolyarchError {
  return new PolyarchError('DIGEST_MISMATCH', `${name(descriptor)} has other content: its bytes hash to ${found}`, {
    hint: HINT,
    details: { digest: descriptor.digest, found },
  });
}

const HINT = 'the copy that was read is damaged or was changed; fetch it again, or from another place';

function name(descriptor: Expected): string {
  return `${descriptor.digest} (${descriptor.mediaType})`;
}
