import { parseReference } from '../oci/reference.ts';
import type { RegistryFlags } from './workspace.ts';

/** The flags with Docker's `--insecure` carried out: any certificate, or none, of the registries that these images are at. */
export function withInsecure<Flags extends RegistryFlags & { readonly insecure?: boolean }>(
  flags: Flags,
  images: readonly string[],
): Flags {
  if (flags.insecure !== true) return flags;
  const named = images.filter((image) => !/^(?:[a-z-]+:\/\/|sha(?:256|512):|\{)/.test(image));
  const hosts = named.map((image) => parseReference(image).domain);
  return { ...flags, registryInsecure: [...(flags.registryInsecure ?? []), ...hosts] };
}
