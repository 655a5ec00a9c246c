import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PolyarchError } from '../util/error.ts';
import { parseConfig } from './config.ts';
import { parseDigest } from './digest.ts';
import { parseIndex } from './index.ts';
import { detectMediaType, parseManifest } from './manifest.ts';
import { MEDIA_TYPE } from './media-types.ts';
import { formatPlatformFull, normalizePlatform, parsePlatform } from './platform.ts';
import { familiarReference, formatReference, parseReference } from './reference.ts';

/** What the body gives; undefined when it fails with a coded error, as it may; any other failure fails the test. */
function orCoded<T>(body: () => T): T | undefined {
  try {
    return body();
  } catch (error) {
    if (error instanceof PolyarchError && error.message.length < 2000) return undefined;
    throw error;
  }
}

const words = fc.stringMatching(/^[a-zA-Z0-9:/@._\-()+%[\] \0]{0,60}$/);
const text = fc.oneof(
  fc.string({ unit: 'binary' }),
  words,
  fc.constantFrom('__proto__', 'constructor', '../..', 'a'.repeat(3000)),
);
const bytes = fc.oneof(
  fc.uint8Array(),
  fc.json().map((json) => Buffer.from(json)),
  fc
    .record(
      {
        schemaVersion: fc.constantFrom<unknown>(1, 2, '2', null),
        mediaType: fc.constantFrom<unknown>(...Object.values(MEDIA_TYPE), 1, null),
        config: fc.anything(),
        layers: fc.anything(),
        manifests: fc.anything(),
        fsLayers: fc.anything(),
        rootfs: fc.anything(),
        subject: fc.anything(),
        annotations: fc.anything(),
      },
      { requiredKeys: [] },
    )
    .map((value) => Buffer.from(JSON.stringify(value, (_key, item: unknown) => (typeof item === 'bigint' ? 1 : item)))),
);

describe('whatever comes in, it is read or refused with a code', () => {
  it('references, which keep their meaning when written and read again', () => {
    fc.assert(
      fc.property(text, (input) => {
        const reference = orCoded(() => parseReference(input));
        if (reference === undefined) return;
        expect(parseReference(formatReference(reference))).toEqual(reference);
        expect(parseReference(familiarReference(reference))).toEqual(reference);
        expect(reference.path).toMatch(/^[a-z0-9._/-]+$/);
      }),
      { numRuns: 2000 },
    );
  });

  it('platforms, which keep their meaning when written and read again', () => {
    fc.assert(
      fc.property(text, fc.boolean(), (input, allowUnknown) => {
        const platform = orCoded(() => parsePlatform(input, { allowUnknown }));
        if (platform === undefined) return;
        expect(normalizePlatform(platform)).toEqual(platform);
        expect(parsePlatform(formatPlatformFull(platform), { allowUnknown: true })).toEqual(platform);
      }),
      { numRuns: 2000 },
    );
  });

  it.each([
    ['manifests', (input: Uint8Array) => parseManifest(input, { mediaType: MEDIA_TYPE.ociManifest })],
    ['indexes', (input: Uint8Array) => parseIndex(input, { mediaType: MEDIA_TYPE.ociIndex })],
    ['configs', (input: Uint8Array) => parseConfig(input)],
    ['media types', (input: Uint8Array) => detectMediaType(input)],
    ['digests', (input: Uint8Array) => parseDigest(Buffer.from(input).toString())],
  ])('%s', (_name, parse) => {
    expect(() =>
      fc.assert(
        fc.property(bytes, (input) => void orCoded(() => parse(input))),
        { numRuns: 1000 },
      ),
    ).not.toThrow();
  });
});
