import { createHash } from 'node:crypto';

/** A content digest, OCI image spec, descriptor.md "Digests": `algorithm:hex`. */
export type Digest = `sha256:${string}` | `sha512:${string}`;

/** The sha256 digest of bytes or of a string's UTF-8. */
export function digestOf(content: Uint8Array | string): Digest {
  return `sha256:${createHash('sha256').update(content).digest('hex')}`;
}
