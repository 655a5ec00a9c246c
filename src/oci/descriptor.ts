import { type Digest, digestOf } from './digest.ts';
import type { Platform } from './platform.ts';

/** OCI image spec, descriptor.md. `size` is in bytes. */
export interface Descriptor {
  readonly mediaType: string;
  readonly digest: Digest;
  readonly size: number;
  readonly urls?: readonly string[];
  readonly annotations?: Readonly<Record<string, string>>;
  /** The content itself, base64. */
  readonly data?: string;
  readonly artifactType?: string;
  readonly platform?: Platform;
}

/** The descriptor of bytes at hand. */
export function descriptorOf(
  content: Uint8Array,
  fields: { mediaType: string } & Partial<Omit<Descriptor, 'digest' | 'size'>>,
): Descriptor {
  return { ...fields, digest: digestOf(content), size: content.length };
}
