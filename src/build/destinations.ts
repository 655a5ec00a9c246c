import type { Location } from '../manifest/location.ts';
import { semverTags } from '../manifest/semver-tags.ts';
import { formatReference, parseReference } from '../oci/reference.ts';
import type { ImagePlaces } from './image-places.ts';
import { existingTags, heldNotice, type VersionTags } from './version-tags.ts';

export interface DestinationOptions {
  readonly version?: VersionTags;
  readonly notice: (text: string) => void;
  readonly signal?: AbortSignal;
}

/**
 * Where an image goes: each name as it is written (`latest` being its tag when it has none), or, for a version, what is
 * written with a tag and the version's tags. The tags that are there are asked for; what stays for a newer version is said.
 */
export async function destinationsOf(
  names: readonly string[],
  places: ImagePlaces,
  options: DestinationOptions,
): Promise<readonly Location[]> {
  const { version } = options;
  if (version === undefined) return names.map((name) => places.parse(name));
  const found = await Promise.all(
    names.map(async (name) => {
      const location = places.parse(name, { defaultTag: null });
      if (location.kind === 'archive') return [location];
      const target = await places.target(location);
      const { tags, held } = semverTags(version.version, await existingTags(target.tags(options)), version);
      for (const { tag, newer } of held) options.notice(heldNotice(`${target.name}:${tag}`, newer));
      const tagged = tags.map((tag) => withTag(location, tag));
      const written = tagIn(location);
      return written === undefined ? tagged : [location, ...tagged];
    }),
  );
  return found.flat();
}

type Tagged = Exclude<Location, { kind: 'archive' }>;

/** The tag that a person wrote. */
function tagIn(location: Tagged): string | undefined {
  if (location.kind === 'oci-layout') return location.tag;
  return (location.kind === 'local' ? parseReference(location.name, { defaultTag: null }) : location.reference).tag;
}

function withTag(location: Tagged, tag: string): Location {
  switch (location.kind) {
    case 'oci-layout':
      return { kind: 'oci-layout', folder: location.folder, tag };
    case 'local': {
      const { domain, path } = parseReference(location.name);
      return { kind: 'local', name: formatReference({ domain, path, tag }) };
    }
    case 'registry': {
      const { domain, path } = location.reference;
      return { kind: 'registry', reference: { domain, path, tag } };
    }
  }
}
