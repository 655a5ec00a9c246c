import { type Reference, repositoryName } from '../oci/reference.ts';
import { canonicalDomain } from '../registry/hosts.ts';
import type { HubTexts } from '../registry/hub.ts';
import { PolyarchError } from '../util/error.ts';
import { openHub } from './registries.ts';
import type { TagsOptions } from './tags.ts';

/** Sets a Docker Hub repository's texts; gives its name. Fails with HUB_ONLY for one elsewhere, HUB_TEXT_TOO_LONG and the Hub's errors. */
export async function pushReadme(
  reference: Pick<Reference, 'domain' | 'path'>,
  texts: HubTexts,
  options: TagsOptions,
): Promise<string> {
  const name = repositoryName(reference);
  if (canonicalDomain(reference.domain) !== 'docker.io') {
    throw new PolyarchError('HUB_ONLY', `${name} is not at Docker Hub: other registries take no README`, {
      hint: 'an image carries its texts in annotations: --annotation org.opencontainers.image.description=…',
    });
  }
  using hub = await openHub(options);
  await hub.describe(reference, texts, { signal: options.signal });
  return name;
}
