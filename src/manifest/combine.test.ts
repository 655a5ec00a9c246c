import { describe, expect, test } from 'vitest';
import { type Descriptor, descriptorOf } from '../oci/descriptor.ts';
import { encodeJson } from '../oci/json.ts';
import { parseIndex } from '../oci/index.ts';
import { MEDIA_TYPE } from '../oci/media-types.ts';
import { formatPlatform, parsePlatform } from '../oci/platform.ts';
import { combine, type CombineOptions, withAnnotations } from './combine.ts';
import type { SourceImage } from './source-image.ts';

function image(platform: string, fields: Partial<Descriptor> & { readonly of?: string } = {}): Descriptor {
  const { of = platform, ...more } = fields;
  const content = Buffer.from(of);
  return {
    ...descriptorOf(content, { mediaType: MEDIA_TYPE.ociManifest }),
    ...(platform === '' ? {} : { platform: parsePlatform(platform) }),
    ...more,
  };
}

function attestation(subject: Descriptor): Descriptor {
  return image('', {
    of: `attests ${subject.digest}`,
    platform: { os: 'unknown', architecture: 'unknown' },
    annotations: {
      'vnd.docker.reference.type': 'attestation-manifest',
      'vnd.docker.reference.digest': subject.digest,
    },
  });
}

function index(...entries: readonly Descriptor[]): SourceImage {
  // Not this project's own encoding: what stays must stay to the byte.
  const content = Buffer.from(
    JSON.stringify({ manifests: entries, mediaType: MEDIA_TYPE.ociIndex, schemaVersion: 2, x: 1 }, null, 1),
  );
  return { name: 'index', descriptor: descriptorOf(content, { mediaType: MEDIA_TYPE.ociIndex }), content, entries };
}

const single = (entry: Descriptor): SourceImage => ({
  name: 'image',
  descriptor: entry,
  content: Buffer.from('image'),
  entries: [entry],
});

const [amd64, arm64] = [image('linux/amd64'), image('linux/arm64')];
const proof = attestation(arm64);

function entriesOf(sources: readonly SourceImage[], options: CombineOptions = {}): readonly Descriptor[] {
  const { content, descriptor } = combine(sources, options);
  return parseIndex(content, descriptor).manifests;
}

describe('combine', () => {
  test.each<[string, SourceImage, CombineOptions]>([
    ['an index', index(amd64, arm64, proof), {}],
    [
      'an index of which all platforms are wanted',
      index(amd64, arm64),
      { platforms: [amd64, arm64].flatMap(({ platform }) => platform ?? []) },
    ],
    ['one image, when no index is preferred', single(amd64), { preferIndex: false }],
  ])('%s stays as it is', (_name, source, options) => {
    expect(combine([source], options)).toEqual({ descriptor: source.descriptor, content: source.content });
  });

  test.each<[string, readonly SourceImage[], CombineOptions, readonly Descriptor[]]>([
    ['one image becomes an index', [single(amd64)], {}, [amd64]],
    ['images and indexes are joined in order', [single(arm64), index(amd64, arm64)], {}, [arm64, amd64]],
    [
      'a platform keeps its attestation',
      [index(amd64, arm64, proof)],
      { platforms: [parsePlatform('linux/arm64')] },
      [arm64, proof],
    ],
    ['and loses the others’', [index(amd64, arm64, proof)], { platforms: [parsePlatform('amd64')] }, [amd64]],
    [
      'what is named twice has the later platform',
      [single(amd64), single({ ...amd64, platform: parsePlatform('linux/386') })],
      {},
      [{ ...amd64, platform: parsePlatform('linux/386') }],
    ],
    [
      'entries are annotated',
      [index(amd64, arm64)],
      { entry: (entry) => (entry.platform?.architecture === 'arm64' ? withAnnotations(entry, { a: 'b' }) : entry) },
      [amd64, { ...arm64, annotations: { a: 'b' } }],
    ],
  ])('%s', (_name, sources, options, entries) => {
    expect(entriesOf(sources, options)).toEqual(entries);
  });

  test.each<[string, CombineOptions]>([
    ['from which platforms are taken', { platforms: [parsePlatform('amd64')] }],
    ['that is annotated', { annotations: { a: 'b' } }],
    ['of which an entry is changed', { entry: (entry) => ({ ...entry, platform: parsePlatform('riscv64') }) }],
  ])('an index %s keeps its other fields', (_name, options) => {
    const { content } = combine([index(amd64, arm64)], options);
    expect(JSON.parse(Buffer.from(content).toString())).toMatchObject({ x: 1 });
  });

  test('the same sources give the same bytes', () => {
    expect(combine([single(amd64), single(arm64)]).content).toEqual(
      encodeJson({ schemaVersion: 2, mediaType: MEDIA_TYPE.ociIndex, manifests: [amd64, arm64] }),
    );
  });

  test.each([
    [{}, MEDIA_TYPE.dockerIndex],
    [{ annotations: { a: 'b' } }, MEDIA_TYPE.ociIndex],
  ])('Docker’s images are listed as Docker does, unless there are annotations: %j', (options, type) => {
    const docker = [amd64, arm64].map((entry) => single({ ...entry, mediaType: MEDIA_TYPE.dockerManifest }));
    expect(combine(docker, options).descriptor.mediaType).toBe(type);
  });

  test('a platform that no source has is NO_MATCHING_PLATFORM', () => {
    const wanted = parsePlatform('linux/riscv64');
    expect(() => combine([index(amd64, arm64)], { platforms: [wanted] })).toThrow(formatPlatform(wanted));
  });
});
