import { expect, test } from 'vitest';
import { descriptorOf } from '../oci/descriptor.ts';
import { MEDIA_TYPE } from '../oci/media-types.ts';
import type { Platform } from '../oci/platform.ts';
import { annotateEntry, type EntryChange } from './annotate.ts';
import { type Draft, draftEntries } from './draft.ts';

const content = Buffer.from('{}');
const digest = descriptorOf(content, { mediaType: MEDIA_TYPE.ociManifest }).digest;

function draftOf(platform: Platform | undefined): Draft {
  const descriptor = descriptorOf(content, {
    mediaType: MEDIA_TYPE.ociManifest,
    ...(platform === undefined ? {} : { platform }),
  });
  const source = { name: 'r.example/app:1', descriptor, manifests: { [digest]: content.toString('base64') } };
  return { name: 'r.example/app:2', sources: [source], edits: {} };
}

/** What an entry is after the changes, one after the other. */
function changed(platform: Platform | undefined, ...changes: readonly EntryChange[]) {
  const draft = changes.reduce((before, change) => {
    const [entry] = draftEntries(before);
    if (entry === undefined) throw new Error('the draft has an entry');
    return annotateEntry(before, entry.descriptor, change);
  }, draftOf(platform));
  return draftEntries(draft)[0]?.descriptor;
}

const amd64 = { os: 'linux', architecture: 'amd64' };
const arm7 = { os: 'linux', architecture: 'arm', variant: 'v7' };
const windows = { os: 'windows', architecture: 'amd64', 'os.version': '10.0.1' };

test.each<[string, Platform | undefined, readonly EntryChange[], Platform | undefined]>([
  ['an architecture and its variant', amd64, [{ architecture: 'arm', variant: 'v6' }], { ...arm7, variant: 'v6' }],
  ['one after the other', amd64, [{ architecture: 'arm' }, { variant: 'v6' }], { ...arm7, variant: 'v6' }],
  ['arm without a variant is v7', amd64, [{ architecture: 'arm' }], arm7],
  ['another name of an architecture', amd64, [{ architecture: 'aarch64' }], { os: 'linux', architecture: 'arm64' }],
  [
    'a new architecture has not the old variant',
    arm7,
    [{ architecture: 'arm64' }],
    { os: 'linux', architecture: 'arm64' },
  ],
  [
    'v8 that is written stays',
    arm7,
    [{ architecture: 'arm64', variant: 'v8' }],
    { os: 'linux', architecture: 'arm64', variant: 'v8' },
  ],
  ['an empty variant removes it', arm7, [{ variant: '' }], { os: 'linux', architecture: 'arm' }],
  ['a new system has not the old version', windows, [{ os: 'linux' }], amd64],
  ['an architecture leaves the version', windows, [{ architecture: 'arm64' }], { ...windows, architecture: 'arm64' }],
  ['a version', amd64, [{ osVersion: '6' }], { ...amd64, 'os.version': '6' }],
  [
    'features are added',
    amd64,
    [{ osFeatures: ['a'] }, { osFeatures: ['b', 'a'] }],
    { ...amd64, 'os.features': ['a', 'b'] },
  ],
  ['a whole platform for an image without', undefined, [{ os: 'linux', architecture: 'amd64' }], amd64],
  ['annotations leave the platform', undefined, [{ annotations: { a: 'b' } }], undefined],
])('%s', (_name, before, changes, after) => {
  expect(changed(before, ...changes)?.platform).toEqual(after);
});

test('annotations add up', () => {
  const changes: EntryChange[] = [{ annotations: { a: '1', b: '1' } }, { variant: 'v3' }, { annotations: { b: '2' } }];
  expect(changed(amd64, ...changes)).toMatchObject({
    platform: { ...amd64, variant: 'v3' },
    annotations: { a: '1', b: '2' },
  });
});

test.each<[Platform | undefined, EntryChange, string]>([
  [amd64, { architecture: 'amr64' }, 'amr64'],
  [amd64, { variant: 'v9' }, 'v9'],
  [undefined, { variant: 'v7' }, 'has no platform of its own'],
  [undefined, { osVersion: '1' }, 'has no platform of its own'],
])('of %j, %j is refused', (platform, change, text) => {
  expect(() => changed(platform, change)).toThrow(text);
});
