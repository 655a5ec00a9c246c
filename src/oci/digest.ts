import { hash } from 'node:crypto';
import { PolyarchError } from '../util/error.ts';

/** A content digest, OCI image spec, descriptor.md "Digests": `algorithm:hex`. */
export type Digest = `sha256:${string}` | `sha512:${string}`;

/** The algorithms of the OCI image spec that are registered and that this project checks. */
export type DigestAlgorithm = 'sha256' | 'sha512';

const PATTERN = /^(?:sha256:[a-f0-9]{64}|sha512:[a-f0-9]{128})$/;

/** The sha256 digest of bytes or of a string's UTF-8. */
export function digestOf(content: Uint8Array | string): Digest {
  return `sha256:${hash('sha256', content)}`;
}

/** True for a well-formed sha256 or sha512 digest with lower-case hex. */
export function isDigest(text: string): text is Digest {
  return PATTERN.test(text);
}

/** The text as a digest; fails with INVALID_DIGEST that says what is wrong with it. */
export function parseDigest(text: string): Digest {
  if (isDigest(text)) return text;
  throw new PolyarchError('INVALID_DIGEST', `"${clip(text)}" is not a digest: ${fault(text)}`, {
    hint: 'a digest is sha256: and 64 lower-case hex characters, or sha512: and 128',
  });
}

export function algorithmOf(digest: Digest): DigestAlgorithm {
  return digest.startsWith('sha256:') ? 'sha256' : 'sha512';
}

/** The digest's hex, which is safe as a file name. */
export function hexOf(digest: Digest): string {
  return digest.slice(7);
}

function fault(text: string): string {
  const colon = text.indexOf(':');
  if (colon < 1) return 'it has no algorithm';
  const algorithm = text.slice(0, colon);
  const hex = text.slice(colon + 1);
  const length = algorithm === 'sha256' ? 64 : algorithm === 'sha512' ? 128 : undefined;
  if (length === undefined) return `its algorithm "${clip(algorithm)}" is neither sha256 nor sha512`;
  if (hex.length !== length) return `it has ${hex.length} characters after the colon, not ${length}`;
  return 'it has characters other than 0-9 and a-f';
}

function clip(text: string): string {
  return text.length > 160 ? `${text.slice(0, 160)}…` : text;
}

export { verifyBytes, verifier, verifyStream, type Verifier } from './verify.ts';
