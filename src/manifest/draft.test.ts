import { describe, expect, test } from 'vitest';
import { type Descriptor, descriptorOf } from '../oci/descriptor.ts';
import type { Digest } from '../oci/digest.ts';
import { encodeJson } from '../oci/json.ts';
import { parseIndex } from '../oci/index.ts';
import { MEDIA_TYPE } from '../oci/media-types.ts';
import { parsePlatform } from '../oci/platform.ts';
import { annotateEntry } from './annotate.ts';
import { type Draft, draftEntries, draftIndex, draftSource, type DraftSource, findEntry, withSource } from './draft.ts';

interface Made {
  readonly descriptor: Descriptor;
  readonly content: Uint8Array;
}

function image(platform: string, text = platform): Made {
  const content = Buffer.from(text);
  return {
    content,
    descriptor: descriptorOf(content, { mediaType: MEDIA_TYPE.ociManifest, platform: parsePlatform(platform) }),
  };
}

function single(name: string, { descriptor, content }: Made): DraftSource {
  return draftSource({ name, descriptor, content, entries: [descriptor] }, new Map([[descriptor.digest, content]]));
}

function index(name: string, ...images: readonly Made[]): DraftSource {
  const entries = images.map(({ descriptor }) => descriptor);
  const content = encodeJson({ schemaVersion: 2, mediaType: MEDIA_TYPE.ociIndex, manifests: entries });
  const descriptor = descriptorOf(content, { mediaType: MEDIA_TYPE.ociIndex });
  const bytes = [...images, { descriptor, content }].map((made): [Digest, Uint8Array] => [
    made.descriptor.digest,
    made.content,
  ]);
  return draftSource({ name, descriptor, content, entries }, new Map(bytes));
}

const [amd64, arm6, arm64] = [image('linux/amd64'), image('linux/arm/v7', 'arm'), image('linux/arm64')];
const draftOf = (...sources: readonly DraftSource[]): Draft =>
  sources.reduce(withSource, { name: 'r.example/app:1', sources: [], edits: {} });
const platforms = (draft: Draft) =>
  draftEntries(draft).map(({ descriptor }) => descriptor.platform?.variant ?? descriptor.platform?.architecture);

describe('a draft', () => {
  test('is an index over its sources’ images in their order, each once', () => {
    const draft = draftOf(single('a', arm64), index('b', amd64, arm64));
    const { content, descriptor } = draftIndex(draft);
    expect(parseIndex(content, descriptor).manifests).toEqual([arm64.descriptor, amd64.descriptor]);
    expect(draftEntries(draft).map(({ name }) => name)).toEqual(['a', `b@${amd64.descriptor.digest}`]);
  });

  test('of one index is that index, byte for byte, until an image of it is annotated', () => {
    const draft = draftOf(index('b', amd64, arm64));
    expect(draftIndex(draft).descriptor).toEqual(draft.sources[0]?.descriptor);
    const changed = annotateEntry(draft, amd64.descriptor, { variant: 'v2' });
    const { content, descriptor } = draftIndex(changed);
    expect(parseIndex(content, descriptor).manifests[0]?.platform?.variant).toBe('v2');
    expect(descriptor.digest).not.toBe(draft.sources[0]?.descriptor.digest);
  });

  test('that is annotated itself says so in the index', () => {
    const { content } = draftIndex({ ...draftOf(single('a', amd64)), annotations: { a: 'b' } });
    expect(JSON.parse(Buffer.from(content).toString())).toMatchObject({ annotations: { a: 'b' } });
  });

  test('has a source of the same name replaced in its place, and keeps what was changed of its image', () => {
    const draft = annotateEntry(draftOf(single('a', arm6), single('b', amd64)), arm6.descriptor, { variant: 'v6' });
    const again = withSource(draft, single('a', image('linux/arm/v7', 'built anew')));
    expect(platforms(again)).toEqual(['v6', 'amd64']);
    expect(draftEntries(again)[0]?.descriptor.digest).not.toBe(arm6.descriptor.digest);
  });

  test('survives its way through JSON', () => {
    const draft = annotateEntry(draftOf(single('a', arm6), index('b', amd64)), arm6.descriptor, { variant: 'v6' });
    // The type was lost on purpose.
    expect(draftIndex(JSON.parse(JSON.stringify(draft)) as Draft)).toEqual(draftIndex(draft));
  });
});

describe('an entry', () => {
  const draft = draftOf(single('a', arm6), index('b', amd64, arm64), index('c', amd64));
  test.each<[string, { name: string; digest?: Digest }, Made]>([
    ['by its source’s name', { name: 'a' }, arm6],
    ['by the name of an index with one image', { name: 'c' }, amd64],
    ['by its digest', { name: 'x', digest: arm64.descriptor.digest }, arm64],
  ])('is found %s', (_name, wanted, made) => {
    expect(findEntry(draft, wanted).content).toEqual(made.content);
  });

  test.each<[{ name: string; digest?: Digest }, RegExp]>([
    [{ name: 'z' }, /z is not in/],
    [{ name: 'b' }, /an index of 2 images/],
  ])('%j is DRAFT_ENTRY', (wanted, text) => {
    expect(() => findEntry(draft, wanted)).toThrow(
      expect.objectContaining({ code: 'DRAFT_ENTRY', message: expect.stringMatching(text) }),
    );
  });
});
