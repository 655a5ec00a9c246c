import { ociLayout, image, local } from '../llb/source.ts';
import { type State, scratch, stateOf, withDirectory, withEnv, withPlatform } from '../llb/state.ts';
import { deferred } from '../llb/vertex.ts';
import { type ImageConfig, parseConfig } from '../oci/config.ts';
import type { Digest } from '../oci/digest.ts';
import type { Platform } from '../oci/platform.ts';
import { familiarReference, formatReference, parseReference } from '../oci/reference.ts';
import type { Conversion } from './conversion.ts';
import { envPair, imageOf } from './convert-image.ts';
import type { NamedContext } from './convert-options.ts';

/** The context of that name, if there is one; `scratch` and `context` never are. */
export async function findContext(
  name: string,
  options: { conversion: Conversion; platform: Platform },
): Promise<NamedContext | undefined> {
  const { contexts } = options.conversion.options;
  if (contexts === undefined || ['scratch', 'context'].includes(name.toLowerCase())) return undefined;
  return contexts(shortName(name), { platform: options.platform });
}

export interface LoadContextOptions {
  readonly conversion: Conversion;
  /** As progress shows it. */
  readonly name: string;
  readonly platform: Platform;
  /** What is read of it, looked at when the graph is marshalled. */
  readonly paths: () => ReadonlySet<string>;
}

export async function loadContext(
  context: NamedContext,
  options: LoadContextOptions,
): Promise<{ state: State; config?: ImageConfig }> {
  const { conversion, platform } = options;
  const title = `[context ${shortName(options.name)}]`;
  switch (context.kind) {
    case 'image': {
      if (context.reference === 'scratch') return { state: scratch() };
      const resolved = await resolveImage(context.reference, { conversion, platform });
      const state = image(resolved.reference, { platform, name: `${title} ${resolved.reference}` });
      return { state: withImageConfig(state, resolved.config), config: resolved.config };
    }
    case 'oci-layout': {
      const resolved = await resolveImage(`oci-layout://${context.reference}`, { conversion, platform });
      const { domain, path } = parseReference(shortName(options.name));
      const state = ociLayout(formatReference({ domain, path, digest: resolved.digest }), {
        platform,
        store: context.store,
        name: `${title} OCI load from client`,
        ...(conversion.options.session === undefined ? {} : { session: conversion.options.session }),
      });
      return { state: withImageConfig(state, resolved.config), config: resolved.config };
    }
    case 'local': {
      const resolve = () =>
        local(context.name, {
          name: `${title} load from client`,
          excludePatterns: context.excludes ?? [],
          followPaths: followPaths(options.paths()),
          sharedKeyHint: `context:${shortName(options.name)}-${context.sharedKeyHint ?? ''}`,
          ...(conversion.options.session === undefined ? {} : { session: conversion.options.session }),
        }).output;
      return { state: stateOf(deferred(resolve)) };
    }
    case 'state': {
      const { signal } = conversion.options;
      return context.load({ signal });
    }
  }
}

/** Asks for an image's config, each image once. */
export async function resolveImage(
  reference: string,
  options: { conversion: Conversion; platform: Platform },
): Promise<{ reference: string; digest: Digest; config: ImageConfig }> {
  const { conversion, platform } = options;
  const { resolveMode = 'default', signal, metaResolver } = conversion.options;
  const full = reference.startsWith('oci-layout://') ? reference : formatReference(parseReference(reference));
  const resolved = await metaResolver.resolveImageConfig(full, {
    platform,
    mode: resolveMode,
    signal,
  });
  conversion.images.set(`${resolved.reference} ${JSON.stringify(platform)}`, {
    reference: resolved.reference,
    digest: resolved.digest,
    platform,
  });
  return { reference: resolved.reference, digest: resolved.digest, config: parseConfig(resolved.config) };
}

/** The paths below the root, sorted; none when all is wanted. */
export function followPaths(paths: ReadonlySet<string>): string[] {
  if (paths.has('/')) return [];
  return [...paths]
    .map((path) => path.replace(/^\/+/, ''))
    .toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
}

function withImageConfig(state: State, config: ImageConfig): State {
  const { platform, config: container } = imageOf(config);
  let next = state;
  for (const entry of container.Env ?? []) {
    const [key, value] = envPair(entry);
    if (key !== '') next = withEnv(next, key, value);
  }
  next = withDirectory(next, container.WorkingDir ?? '');
  return platform.os === '' || platform.architecture === '' ? next : withPlatform(next, platform);
}

function shortName(name: string): string {
  try {
    return familiarReference(parseReference(name, { defaultTag: null })).replace(/:latest$/, '');
  } catch {
    return name;
  }
}
