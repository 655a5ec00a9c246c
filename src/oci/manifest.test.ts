import { describe, expect, it } from 'vitest';
import { LIMITS } from '../util/limits.ts';
import { parseConfig, platformOf } from './config.ts';
import { digestOf } from './digest.ts';
import { parseIndex } from './index.ts';
import { encodeJson } from './json.ts';
import { detectMediaType, parseManifest, parseManifestOrIndex } from './manifest.ts';
import {
  compressionOf,
  isForeignLayer,
  isIndex,
  isLayer,
  isManifest,
  layerMediaType,
  MEDIA_TYPE,
} from './media-types.ts';

const bytes = (value: unknown): Uint8Array => Buffer.from(typeof value === 'string' ? value : JSON.stringify(value));
const of = (mediaType: string) => ({ mediaType, digest: digestOf('x') });
const blob = (mediaType: string) => ({ mediaType, digest: digestOf(mediaType), size: 3 });

const manifest = {
  schemaVersion: 2,
  mediaType: MEDIA_TYPE.ociManifest,
  config: blob(MEDIA_TYPE.ociConfig),
  layers: [blob(MEDIA_TYPE.ociLayerGzip)],
};
const index = {
  schemaVersion: 2,
  mediaType: MEDIA_TYPE.ociIndex,
  manifests: [{ ...blob(MEDIA_TYPE.ociManifest), platform: { os: 'linux', architecture: 'arm', variant: 'v7' } }],
};
const schema1 = { schemaVersion: 1, name: 'a', tag: 'b', fsLayers: [{ blobSum: digestOf('') }], history: [] };

describe('parseManifest and parseIndex', () => {
  it('give the document, unknown fields too', () => {
    expect(parseManifest(bytes({ ...manifest, 'x-new': 1 }), of(MEDIA_TYPE.ociManifest))).toEqual({
      ...manifest,
      'x-new': 1,
    });
    expect(parseIndex(bytes(index), of(MEDIA_TYPE.ociIndex))).toEqual(index);
    expect(parseManifestOrIndex(bytes(index), of(MEDIA_TYPE.ociIndex))).toEqual({ kind: 'index', index });
    expect(parseManifestOrIndex(bytes(manifest), of(MEDIA_TYPE.ociManifest))).toEqual({ kind: 'manifest', manifest });
  });

  it('take what Go writes as null as absent or empty', () => {
    const nulls = { ...manifest, layers: null, annotations: null, config: { ...manifest.config, urls: null } };
    expect(parseManifest(bytes(nulls), of(MEDIA_TYPE.ociManifest))).toEqual({ ...manifest, layers: [] });
    expect(parseIndex(bytes({ schemaVersion: 2, manifests: null }), of(MEDIA_TYPE.ociIndex)).manifests).toEqual([]);
  });

  it('take a manifest that does not name its type', () => {
    const { mediaType: _, ...plain } = manifest;
    expect(parseManifest(bytes(plain), of(MEDIA_TYPE.ociManifest))).toEqual(plain);
    expect(parseManifest(bytes(plain), of(MEDIA_TYPE.dockerManifest))).toEqual(plain);
  });

  it.each([
    ['nothing', '', 'MANIFEST_INVALID', 'is not JSON: it is empty'],
    ['a web page', '<html><body>proxy error', 'MANIFEST_INVALID', 'is not JSON: it starts with "<html>'],
    ['half of it', JSON.stringify(manifest).slice(0, 50), 'MANIFEST_INVALID', 'is not JSON'],
    ['bytes that are no UTF-8', Buffer.from([0x22, 0xff, 0x22]), 'MANIFEST_INVALID', 'is not JSON'],
    ['a list', [], 'MANIFEST_INVALID', 'is not a JSON object'],
    ['an empty object', {}, 'MANIFEST_INVALID', 'schemaVersion is missing'],
    ['no config', { ...manifest, config: undefined }, 'MANIFEST_INVALID', 'config is missing'],
    [
      'a bad digest',
      { ...manifest, layers: [manifest.layers[0], { ...manifest.layers[0], digest: 'sha256:..' }] },
      'MANIFEST_INVALID',
      'layers[1].digest should be a sha256 or sha512 digest, not "sha256:.."',
    ],
    [
      'a negative size',
      { ...manifest, config: { ...manifest.config, size: -1 } },
      'MANIFEST_INVALID',
      'config.size should be a whole number of at least 0, not -1',
    ],
    ['a huge size', { ...manifest, config: { ...manifest.config, size: 1e300 } }, 'MANIFEST_INVALID', 'config.size'],
    [
      'annotations that are no strings',
      { ...manifest, annotations: { 'a.b/c': 1 } },
      'MANIFEST_INVALID',
      'annotations["a.b/c"] should be a string',
    ],
    [
      'too many layers',
      { ...manifest, layers: Array.from({ length: 10_001 }, () => manifest.layers[0]) },
      'MANIFEST_INVALID',
      'layers has 10001 items; at most 10000',
    ],
    ['too many bytes', ' '.repeat(LIMITS.manifestBytes + 1), 'MANIFEST_INVALID', 'at most 4194304'],
    ['both kinds at once', { ...manifest, manifests: [] }, 'MANIFEST_INVALID', 'both a manifest and an index'],
    [
      'another type than its descriptor',
      { ...manifest, mediaType: MEDIA_TYPE.dockerManifest },
      'MANIFEST_MEDIA_TYPE',
      `calls itself ${MEDIA_TYPE.dockerManifest}, but its descriptor says ${MEDIA_TYPE.ociManifest}`,
    ],
    [
      'an index that calls itself a manifest',
      { ...index, mediaType: MEDIA_TYPE.ociManifest },
      'MANIFEST_INVALID',
      'config is missing',
    ],
    ['an index', { ...index, mediaType: undefined }, 'MANIFEST_MEDIA_TYPE', 'content of an index'],
    ['schema 1', schema1, 'MANIFEST_SCHEMA1', 'schema 1'],
  ])('refuse %s', (_name, content, code, why) => {
    const read = () =>
      parseManifest(content instanceof Uint8Array ? content : bytes(content), of(MEDIA_TYPE.ociManifest));
    expect(read).toThrow(expect.objectContaining({ code, message: expect.stringContaining(why) }));
    expect(read).toThrow(digestOf('x'));
  });

  it.each([MEDIA_TYPE.dockerSchema1, MEDIA_TYPE.dockerSchema1Signed])('refuse %s with the mend', (mediaType) => {
    expect(() => parseManifestOrIndex(bytes(schema1), of(mediaType))).toThrow(
      expect.objectContaining({ code: 'MANIFEST_SCHEMA1', hint: expect.stringContaining('skopeo') }),
    );
  });

  it('refuse a descriptor that is neither', () => {
    expect(() => parseManifestOrIndex(bytes(manifest), of('text/html'))).toThrow(
      expect.objectContaining({ code: 'MANIFEST_MEDIA_TYPE' }),
    );
  });
});

describe('detectMediaType', () => {
  it.each([
    [manifest, MEDIA_TYPE.ociManifest],
    [{ ...manifest, mediaType: MEDIA_TYPE.dockerManifest }, MEDIA_TYPE.dockerManifest],
    [{ ...manifest, mediaType: undefined }, MEDIA_TYPE.ociManifest],
    [{ ...index, mediaType: undefined }, MEDIA_TYPE.ociIndex],
    [schema1, MEDIA_TYPE.dockerSchema1],
  ])('%# finds %s', (value, mediaType) => {
    expect(detectMediaType(bytes(value))).toBe(mediaType);
  });

  it('refuses what is no manifest', () => {
    expect(() => detectMediaType(bytes({ a: 1 }))).toThrow(expect.objectContaining({ code: 'MANIFEST_INVALID' }));
  });
});

describe('parseConfig', () => {
  const config = {
    os: 'linux',
    architecture: 'arm',
    variant: 'v7',
    config: {
      Env: ['A=b'],
      Healthcheck: { Test: ['CMD', 'true'], Interval: 3e10 },
      OnBuild: ['RUN x'],
      Shell: ['/bin/ash'],
      ExposedPorts: { '80/tcp': {} },
      StopTimeout: 5,
      Hostname: '',
    },
    rootfs: { type: 'layers', diff_ids: [digestOf('')] },
    history: [{ created_by: 'x', empty_layer: true }],
    moby: { kept: true },
  };

  it('gives the document, unknown fields and Docker’s own too', () => {
    const parsed = parseConfig(bytes({ ...config, config: { ...config.config, Cmd: null, Volumes: null } }));
    expect(parsed).toEqual(config);
    expect(platformOf(parsed)).toEqual({ os: 'linux', architecture: 'arm', variant: 'v7' });
  });

  it('fills in what old builders left out', () => {
    expect(parseConfig(bytes({ rootfs: { type: 'layers', diff_ids: null } }))).toMatchObject({
      os: '',
      architecture: '',
      rootfs: { diff_ids: [] },
    });
  });

  it.each([
    [{ ...config, rootfs: undefined }, 'rootfs is missing'],
    [{ ...config, rootfs: { type: 'layers', diff_ids: ['x'] } }, 'rootfs.diff_ids[0] should be'],
    [{ ...config, config: { Env: 'A=b' } }, 'config.Env should be a list, not "A=b"'],
    [{ ...config, config: { Labels: { a: 1 } } }, 'config.Labels.a should be a string'],
  ])('%# refuses: %s', (value, why) => {
    expect(() => parseConfig(bytes(value), { digest: digestOf('c') })).toThrow(
      expect.objectContaining({ code: 'CONFIG_INVALID', message: expect.stringContaining(why) }),
    );
  });
});

const text = (value: object) => new TextDecoder().decode(encodeJson(value));

describe('encodeJson', () => {
  it('gives the same bytes for the same value, however it was made', () => {
    const a = {
      layers: [],
      config: { size: 1, digest: 'd', mediaType: 'm' },
      schemaVersion: 2,
      annotations: { b: '1', a: '2' },
    };
    const b = {
      annotations: { a: '2', b: '1' },
      schemaVersion: 2,
      config: { mediaType: 'm', size: 1, digest: 'd' },
      subject: undefined,
      layers: [],
    };
    expect(text(a)).toBe(text(b));
    expect(text(a)).toBe(
      '{"schemaVersion":2,"config":{"mediaType":"m","digest":"d","size":1},"layers":[],"annotations":{"a":"2","b":"1"}}',
    );
  });
});

describe('media types', () => {
  it.each(Object.values(MEDIA_TYPE))('%s is of one kind only', (mediaType) => {
    expect([isIndex(mediaType), isManifest(mediaType), isLayer(mediaType)].filter(Boolean).length).toBeLessThanOrEqual(
      1,
    );
    expect(compressionOf(mediaType) !== undefined).toBe(isLayer(mediaType));
    expect(isForeignLayer(mediaType) && !isLayer(mediaType)).toBe(false);
  });

  it.each([
    [MEDIA_TYPE.ociLayer, 'uncompressed', false],
    [MEDIA_TYPE.ociLayerZstd, 'zstd', false],
    [MEDIA_TYPE.dockerLayerGzip, 'gzip', false],
    [MEDIA_TYPE.dockerForeignLayerGzip, 'gzip', true],
    [MEDIA_TYPE.ociForeignLayer, 'uncompressed', true],
    ['application/vnd.docker.image.rootfs.diff.tar+zstd', 'zstd', false],
    ['application/vnd.oci.image.layer.v1.tar+gzip2', undefined, false],
  ] as const)('%s is packed as %s', (mediaType, compression, foreign) => {
    expect(compressionOf(mediaType)).toBe(compression);
    expect(isForeignLayer(mediaType)).toBe(foreign);
  });

  it.each(['gzip', 'zstd', 'uncompressed'] as const)('names a %s layer in both families', (compression) => {
    expect(compressionOf(layerMediaType(compression))).toBe(compression);
    expect(compressionOf(layerMediaType(compression, { docker: true }))).toBe(compression);
  });
});
