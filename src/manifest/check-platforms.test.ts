import { describe, expect, test } from 'vitest';
import { type Descriptor, descriptorOf } from '../oci/descriptor.ts';
import { MEDIA_TYPE } from '../oci/media-types.ts';
import { parsePlatforms } from '../oci/platform.ts';
import { checkPlatforms } from './check-platforms.ts';
import type { SourceImage } from './source-image.ts';

/** `NAME=PLATFORM` or `NAME=PLATFORM#CONTENT`; several platforms make an index. */
function source(text: string): SourceImage {
  const [name = '', list = ''] = text.split('=');
  const entries = list.split(',').map((one): Descriptor => {
    const [words = '', content = one] = one.split('#');
    const [os = '', architecture = '', variant] = words.split('/');
    const platform = { os, architecture, ...(variant === undefined ? {} : { variant }) };
    return { ...descriptorOf(Buffer.from(content), { mediaType: MEDIA_TYPE.ociManifest }), platform };
  });
  const content = Buffer.from(text);
  return { name, content, descriptor: descriptorOf(content, { mediaType: MEDIA_TYPE.ociIndex }), entries };
}

describe('platforms of a merge', () => {
  test.each([
    ['a=linux/amd64 b=linux/arm64', ''],
    ['a=linux/amd64 b=linux/arm64', 'linux/amd64,linux/arm64'],
    ['a=linux/amd64,unknown/unknown b=linux/arm64,unknown/unknown#x', 'linux/arm64,linux/amd64'],
    ['a=linux/arm64/v8 b=linux/arm', 'linux/arm64,linux/arm/v7'],
    ['a=linux/amd64 again=linux/amd64', 'linux/amd64'],
  ])('%s for %j fit', (sources, promised) => {
    checkPlatforms(sources.split(' ').map(source), promised === '' ? [] : parsePlatforms(promised));
  });

  test.each([
    ['a=linux/amd64', 'linux/amd64,linux/arm64', 'linux/arm64 is missing'],
    ['a=linux/amd64#1 b=linux/amd64#2', '', 'linux/amd64 comes 2 times: a, b'],
    ['a=linux/arm64#1 b=linux/arm64/v8#2', 'linux/arm64', 'linux/arm64 comes 2 times'],
    ['a=linux/amd64 b=linux/386', 'linux/amd64', 'linux/386 was not promised: b'],
    ['a=linux/amd64#1 b=linux/amd64#2', 'linux/s390x', /linux\/s390x is missing; .* 2 times.*; .*not promised/],
  ])('%s for %j: %s', (sources, promised, message) => {
    const given = sources.split(' ').map(source);
    expect(() => checkPlatforms(given, promised === '' ? [] : parsePlatforms(promised))).toThrow(message);
  });
});
