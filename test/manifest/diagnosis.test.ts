import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { copyImage } from '../../src/build/copy.ts';
import { createDraft } from '../../src/build/draft-create.ts';
import { inspectManifest } from '../../src/build/draft-inspect.ts';
import { openDrafts } from '../../src/build/draft-list.ts';
import { ImagePlaces } from '../../src/build/image-places.ts';
import { inspectImage } from '../../src/build/index-inspect.ts';
import { mergeImages } from '../../src/build/merge.ts';
import { promoteImage } from '../../src/build/promote.ts';
import { PolyarchError } from '../../src/util/error.ts';
import { type Entry, sha256 } from '../build/image-reader.ts';
import { type Blob, makeImage } from '../registry-cli/seed.ts';
import { temporaryFolder } from '../support/environment.ts';

/* What is wrong or odd about an index is told by every command that reads one. */

const INDEX = 'application/vnd.oci.image.index.v1+json';
const SCHEMA1 = 'application/vnd.docker.distribution.manifest.v1+json';
const root = temporaryFolder();
afterAll(() => root[Symbol.dispose]());

const blob = (mediaType: string, value: unknown): Blob => {
  const bytes = Buffer.from(JSON.stringify(value));
  return { bytes, entry: { mediaType, digest: sha256(bytes), size: bytes.length } };
};
const [amd64, arm7, proof] = ['linux/amd64', 'linux/arm/v7', 'unknown/unknown'].map((platform) =>
  makeImage({ platforms: [platform] }),
);
const schema1 = blob(SCHEMA1, { schemaVersion: 1, name: 'x', fsLayers: [], history: [] });
const linux = (architecture: string) => ({ os: 'linux', architecture });
const entryOf = (made: { root: Blob } | undefined, more: object = {}) => ({ ...made?.root.entry, ...more });
const first = entryOf(amd64, { platform: linux('amd64') });
const unknown = { os: 'unknown', architecture: 'unknown' };
const attests = (digest: string | undefined) => ({
  'vnd.docker.reference.type': 'attestation-manifest',
  'vnd.docker.reference.digest': digest,
});

/** A layout of one image, which is the bytes given, with all that there is beside it but what is left out. */
function layout(name: string, image: Blob, { without }: { without?: string | undefined } = {}): string {
  const folder = join(root.path, name.replaceAll(' ', '-'));
  mkdirSync(join(folder, 'blobs/sha256'), { recursive: true });
  const all = [amd64, arm7, proof].flatMap((made) => [...(made?.manifests ?? []), ...(made?.blobs ?? [])]);
  for (const { entry, bytes } of [...all, schema1, image])
    if (entry.digest !== without) writeFileSync(join(folder, 'blobs/sha256', entry.digest.slice(7)), bytes);
  writeFileSync(join(folder, 'oci-layout'), '{"imageLayoutVersion":"1.0.0"}');
  writeFileSync(join(folder, 'index.json'), JSON.stringify({ schemaVersion: 2, manifests: [image.entry] }));
  return `oci-layout://${folder}`;
}

const index = (...manifests: readonly object[]): Blob => blob(INDEX, { schemaVersion: 2, mediaType: INDEX, manifests });
const mistyped = (made: Blob, mediaType: string): Blob => ({ ...made, entry: { ...made.entry, mediaType } });
const typed = (entry: object): Entry['mediaType'] => ('mediaType' in entry ? String(entry.mediaType) : '');

interface Told {
  readonly notices: readonly string[];
  readonly error: unknown;
}

/** What each command says of a source. */
async function told(source: string): Promise<Readonly<Record<string, Told>>> {
  await using places = new ImagePlaces({
    home: join(root.path, 'home'),
    configHome: root.path,
    dockerConfig: root.path,
    env: {},
    cwd: root.path,
    notice: () => {},
    workspace: () => Promise.reject(new Error('no store is needed')),
  });
  using drafts = openDrafts(join(root.path, 'home'));
  drafts.remove('docker.io/library/x:latest');
  const to = `${source}-copy`;
  const run = async (body: (notice: (text: string) => void) => Promise<unknown>): Promise<Told> => {
    const notices: string[] = [];
    const error = await body((text) => void notices.push(text)).then(
      () => undefined,
      (failure: unknown) => failure,
    );
    return { notices, error };
  };
  const request = { platforms: [], annotations: [], cwd: root.path, tags: [to], sources: [source] };
  return {
    'imagetools inspect': await run(async (notice) =>
      (await (await inspectImage(places, source, {})).diagnose()).forEach(notice),
    ),
    'manifest inspect': await run(async (notice) =>
      (await inspectManifest({ places, drafts }, source, {})).findings.forEach(notice),
    ),
    'manifest create': await run((notice) =>
      createDraft({ places, drafts }, { index: 'x', sources: [source], amend: false }, { notice }),
    ),
    copy: await run((notice) =>
      copyImage(places, { source, destination: to, platforms: [], referrers: true }, { notice }),
    ),
    promote: await run((notice) => promoteImage(places, { source, destinations: [to] }, { notice })),
    merge: await run((notice) => mergeImages(places, request, { notice })),
  };
}

describe('every command that reads an index tells', () => {
  test.each<[string, Blob, RegExp]>([
    [
      'arm without a variant',
      index(first, entryOf(arm7, { platform: linux('arm') })),
      /^note: .*taken for linux\/arm\/v7/,
    ],
    ['an image without a platform', index(entryOf(amd64)), /^warning: .*has no platform/],
    [
      'an alias for an architecture',
      index(entryOf(amd64, { platform: linux('x86_64') })),
      /^warning: .*clients look for linux\/amd64/,
    ],
    [
      'unknown for an attestation',
      index(first, entryOf(proof, { platform: unknown, annotations: attests(amd64?.root.entry.digest) })),
      /^note: .*unknown\/unknown is an attestation .* of linux\/amd64, no platform/,
    ],
    [
      'an attestation of nothing',
      index(first, entryOf(proof, { platform: unknown, annotations: attests(arm7?.root.entry.digest) })),
      /^warning: .*belongs to no image/,
    ],
  ])('%s', async (name, image, text) => {
    for (const [command, { notices, error }] of Object.entries(await told(layout(name, image)))) {
      expect(error, command).toBeUndefined();
      expect(notices, command).toContainEqual(expect.stringMatching(text));
    }
  });

  const gone = arm7?.root.entry.digest;
  test.each<[string, Blob, string, RegExp, { without?: string | undefined }]>([
    ['a schema 1 manifest', schema1, 'MANIFEST_SCHEMA1', /a Docker schema 1 manifest/, {}],
    [
      'an index under a manifest’s type',
      mistyped(index(first), typed(first)),
      'MANIFEST_MEDIA_TYPE',
      /calls itself \S+index\S+, but its descriptor says \S+manifest/,
      {},
    ],
    [
      'what is manifest and index at once',
      blob(INDEX, { schemaVersion: 2, manifests: [first], layers: [], config: {} }),
      'MANIFEST_INVALID',
      /both a manifest and an index/,
      {},
    ],
    // Inspected, these are notices.
    [
      'a schema 1 child',
      index(first, entryOf({ root: schema1 }, { platform: linux('arm64') })),
      'MANIFEST_SCHEMA1',
      /Docker schema 1 manifest/,
      {},
    ],
    [
      'a child of another type',
      index(
        first,
        entryOf(arm7, { platform: linux('arm'), mediaType: 'application/vnd.docker.distribution.manifest.v2+json' }),
      ),
      'MANIFEST_MEDIA_TYPE',
      /vnd\.oci\.image\.manifest.*vnd\.docker\.distribution\.manifest/,
      {},
    ],
    [
      'a child that is gone',
      index(first, entryOf(arm7, { platform: linux('arm') })),
      'CHILD_MISSING',
      /linux\/arm \(sha256:.*gone/,
      { without: gone },
    ],
  ])('%s', async (name, image, code, text, options) => {
    const source = layout(name, image, options);
    for (const [command, { notices, error }] of Object.entries(await told(source))) {
      const shown = error instanceof PolyarchError ? [error.message] : notices;
      expect(shown, command).toContainEqual(expect.stringMatching(text));
      expect(shown.join('\n'), command).toContain(source);
      if (!command.endsWith(' inspect') || error !== undefined) expect(error, command).toMatchObject({ code });
    }
  });
});
