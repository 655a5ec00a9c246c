import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

interface Descriptor {
  readonly mediaType: string;
  readonly digest: string;
  readonly platform?: { readonly architecture: string };
}

const blob = (layout: string, digest: string): string => join(layout, 'blobs', digest.replace(':', '/'));
const json = (layout: string, digest: string) => JSON.parse(readFileSync(blob(layout, digest), 'utf8'));

/** The names in each layer of an OCI layout folder's image, from the lowest up; of one architecture when there are several. */
export function layerNames(layout: string, architecture = 'amd64'): string[][] {
  let descriptor: Descriptor = JSON.parse(readFileSync(join(layout, 'index.json'), 'utf8')).manifests[0];
  while (descriptor.mediaType.includes('index')) {
    const { manifests } = json(layout, descriptor.digest) as { manifests: Descriptor[] };
    const next = manifests.find(({ platform }) => platform?.architecture === architecture);
    if (next === undefined) throw new Error(`no manifest for ${architecture}`);
    descriptor = next;
  }
  const { layers } = json(layout, descriptor.digest) as { layers: Descriptor[] };
  return layers.map(({ digest }) => {
    const listed = spawnSync('tar', ['-tzf', blob(layout, digest)], { encoding: 'utf8' });
    if (listed.status !== 0) throw new Error(listed.stderr);
    return listed.stdout.split('\n').filter((name) => name !== '');
  });
}
