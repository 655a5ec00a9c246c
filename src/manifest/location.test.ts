import { describe, expect, test } from 'vitest';
import { formatLocation, parseLocation, referenceOf } from './location.ts';

const DIGEST = `sha256:${'a'.repeat(64)}`;
const cwd = '/work';

describe('locations', () => {
  test.each([
    ['busybox', 'docker.io/library/busybox:latest', 'latest'],
    [`127.0.0.1:5000/x/app:1@${DIGEST}`, `127.0.0.1:5000/x/app:1@${DIGEST}`, DIGEST],
    ['oci-layout://out', 'oci-layout:///work/out:latest', 'latest'],
    ['oci-layout:///a.b/out:1.2', 'oci-layout:///a.b/out:1.2', '1.2'],
    [`oci-layout://../out@${DIGEST}`, `oci-layout:///out@${DIGEST}`, DIGEST],
    [`oci-layout://o:t@${DIGEST}`, `oci-layout:///work/o:t@${DIGEST}`, DIGEST],
    ['oci-archive://out.tar', 'oci-archive:///work/out.tar', ''],
    [
      'docker-archive:///a/out.tar:x.example:5000/app:1',
      'docker-archive:///a/out.tar:x.example:5000/app:1',
      'x.example:5000/app:1',
    ],
    ['oci-layout://a@b/out', 'oci-layout:///work/a@b/out:latest', 'latest'],
  ])('%s is %s', (text, full, reference) => {
    const location = parseLocation(text, { cwd });
    expect(formatLocation(location)).toBe(full);
    if (location.kind !== 'local') expect(referenceOf(location)).toBe(reference);
  });

  test('local:// names an image of the store', () => {
    expect(parseLocation('local://app:1', { cwd })).toEqual({ kind: 'local', name: 'app:1' });
  });

  test.each([
    ['oci-layout://', 'INVALID_REFERENCE'],
    ['oci-archive://:1', 'INVALID_REFERENCE'],
    ['docker-archive://x.tar:', 'INVALID_REFERENCE'],
    ['docker-archive://x.tar:a/UPPER', 'INVALID_REFERENCE'],
    ['oci-layout://x:', 'INVALID_REFERENCE'],
    ['oci-layout://x@sha256:12', 'INVALID_DIGEST'],
    ['a/UPPER', 'INVALID_REFERENCE'],
    ['docker://busybox', 'INVALID_REFERENCE'],
    ['/tmp/out', 'INVALID_REFERENCE'],
    ['./out', 'INVALID_REFERENCE'],
    ['oci-layout:/out', 'INVALID_REFERENCE'],
    ['local:./out', 'INVALID_REFERENCE'],
  ])('%s is refused', (text, code) => {
    expect(() => parseLocation(text, { cwd })).toThrow(expect.objectContaining({ code }));
  });
});
