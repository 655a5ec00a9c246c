import { describe, expect, it } from 'vitest';
import { familiarReference, formatReference, parseReference } from './reference.ts';

const D = `sha256:${'a'.repeat(64)}`;

describe('parseReference', () => {
  it.each([
    ['busybox', 'docker.io/library/busybox:latest', 'busybox:latest'],
    ['busybox:1.36', 'docker.io/library/busybox:1.36', 'busybox:1.36'],
    ['library/busybox', 'docker.io/library/busybox:latest', 'busybox:latest'],
    ['docker.io/busybox', 'docker.io/library/busybox:latest', 'busybox:latest'],
    ['index.docker.io/library/busybox', 'docker.io/library/busybox:latest', 'busybox:latest'],
    ['index.docker.io/busybox', 'docker.io/library/busybox:latest', 'busybox:latest'],
    ['user/app', 'docker.io/user/app:latest', 'user/app:latest'],
    ['docker.io/library/a/b', 'docker.io/library/a/b:latest', 'library/a/b:latest'],
    ['localhost/app', 'localhost/app:latest', 'localhost/app:latest'],
    ['localhost', 'docker.io/library/localhost:latest', 'localhost:latest'],
    ['localhost:5000', 'docker.io/library/localhost:5000', 'localhost:5000'],
    ['127.0.0.1:5000/demo/hello:1', '127.0.0.1:5000/demo/hello:1', '127.0.0.1:5000/demo/hello:1'],
    ['[::1]:5000/app', '[::1]:5000/app:latest', '[::1]:5000/app:latest'],
    ['REGISTRY/app', 'REGISTRY/app:latest', 'REGISTRY/app:latest'],
    ['ghcr.io/a__b/c--d.e_f', 'ghcr.io/a__b/c--d.e_f:latest', 'ghcr.io/a__b/c--d.e_f:latest'],
    [`busybox@${D}`, `docker.io/library/busybox@${D}`, `busybox@${D}`],
    [`busybox:1@${D}`, `docker.io/library/busybox:1@${D}`, `busybox:1@${D}`],
    [`r.io/x@${D}`, `r.io/x@${D}`, `r.io/x@${D}`],
    ['a:B_c.D-9', 'docker.io/library/a:B_c.D-9', 'a:B_c.D-9'],
  ])('%s is %s', (text, full, familiar) => {
    const reference = parseReference(text);
    expect(formatReference(reference)).toBe(full);
    expect(familiarReference(reference)).toBe(familiar);
    expect(parseReference(full)).toEqual(reference);
    expect(parseReference(familiar)).toEqual(reference);
  });

  it('has its parts, and adds a tag only where neither tag nor digest is', () => {
    expect(parseReference(`r.io/a/b@${D}`)).toEqual({ domain: 'r.io', path: 'a/b', digest: D });
    expect(parseReference('a', { defaultTag: null })).toEqual({ domain: 'docker.io', path: 'library/a' });
    expect(parseReference('a', { defaultTag: 'edge' }).tag).toBe('edge');
  });

  it.each([
    ['', 'empty', 'busybox'],
    ['BusyBox', 'upper-case', 'write busybox'],
    ['library/BusyBox', 'upper-case', 'write library/busybox'],
    ['r.io/Demo/App:V1', 'upper-case', 'write r.io/demo/app:V1'],
    ['a'.repeat(64), 'image id', '@sha256:'],
    ['https://r.io/app', 'URL', 'r.io/app'],
    ['app:', 'tag is empty', 'a tag has'],
    ['app:.x', 'tag ".x"', 'a tag has'],
    [`app:${'x'.repeat(129)}`, 'tag', 'a tag has'],
    ['app:a:b', 'tag', 'a tag has'],
    ['a//b', 'part of its repository path is empty', 'NAME'],
    ['r.io/', 'part of its repository path is empty', 'NAME'],
    ['/a', 'part of its repository path is empty', 'NAME'],
    ['-a', '"-a"', 'lower-case'],
    ['a..b', '"a..b"', 'lower-case'],
    ['a b', '"a b"', 'lower-case'],
    ['a/../b', '".."', 'lower-case'],
    ['r.io:port/app', 'host', 'HOST'],
    ['[::1/app', 'host', 'HOST'],
    ['app@sha256:abc', 'characters after the colon', '64 lower-case hex'],
    ['app@', 'no algorithm', '64 lower-case hex'],
    [`r.io/${'a'.repeat(256)}`, '256 characters', '255'],
  ])('refuses %j: %s', (text, why, hint) => {
    expect(() => parseReference(text)).toThrow(
      expect.objectContaining({
        code: 'INVALID_REFERENCE',
        message: expect.stringContaining(why),
        hint: expect.stringContaining(hint),
      }),
    );
  });
});
