import { describe, expect, test } from 'vitest';
import { type Descriptor, descriptorOf } from '../oci/descriptor.ts';
import { MEDIA_TYPE } from '../oci/media-types.ts';
import type { Platform } from '../oci/platform.ts';
import { diagnoseEntries } from './diagnose.ts';

let count = 0;
const entry = (platform: Platform | undefined, fields: Partial<Descriptor> = {}): Descriptor => ({
  ...descriptorOf(Buffer.from(`${count++}`), { mediaType: MEDIA_TYPE.ociManifest }),
  ...(platform === undefined ? {} : { platform }),
  ...fields,
});
const linux = (architecture: string, variant?: string): Platform => ({
  os: 'linux',
  architecture,
  ...(variant === undefined ? {} : { variant }),
});
const unknown = { os: 'unknown', architecture: 'unknown' };
const attests = (digest: string) =>
  entry(unknown, {
    annotations: { 'vnd.docker.reference.type': 'attestation-manifest', 'vnd.docker.reference.digest': digest },
  });
const [amd64, arm64] = [entry(linux('amd64')), entry(linux('arm64'))];

describe('what is odd about an index', () => {
  test.each<[string, readonly Descriptor[], readonly RegExp[]]>([
    ['nothing', [amd64, arm64, entry(linux('arm', 'v7'))], []],
    [
      'a schema 1 manifest',
      [amd64, entry(linux('arm64'), { mediaType: MEDIA_TYPE.dockerSchema1 })],
      [/^warning: .*is a Docker schema 1 manifest/],
    ],
    ['no platform', [amd64, entry(undefined)], [/^warning: .*has no platform/]],
    ['arm without a variant', [entry(linux('arm'))], [/^note: .*linux\/arm without a variant.*linux\/arm\/v7/]],
    [
      'another name of an architecture',
      [entry(linux('aarch64'))],
      [/^warning: .*linux\/aarch64; clients look for linux\/arm64/],
    ],
    ['one platform twice', [amd64, entry(linux('amd64'))], [/^warning: .*linux\/amd64 2 times/]],
    [
      'two versions of Windows',
      [
        entry({ os: 'windows', architecture: 'amd64', 'os.version': '10.0.1.1' }),
        entry({ os: 'windows', architecture: 'amd64', 'os.version': '10.0.2.1' }),
      ],
      [],
    ],
    [
      'an attestation',
      [amd64, attests(amd64.digest)],
      [/^note: .*unknown\/unknown is an attestation.*of linux\/amd64, no platform/],
    ],
    [
      'several',
      [amd64, arm64, attests(amd64.digest), attests(arm64.digest)],
      [/2 entries unknown\/unknown are .*linux\/amd64, linux\/arm64/],
    ],
    [
      'an attestation of nothing here',
      [amd64, attests(arm64.digest)],
      [/^note:/, /^warning: .*it belongs to no image/],
    ],
  ])('%s', (_name, entries, findings) => {
    const found = diagnoseEntries('app', entries);
    expect(found).toHaveLength(findings.length);
    for (const [i, finding] of findings.entries()) expect(found[i]).toMatch(finding);
  });
});
