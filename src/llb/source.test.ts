import { describe, expect, it } from 'vitest';
import { gitState, parseGitReference } from './git-reference.ts';
import { parseGitUrl } from './git-url.ts';
import { absolutePath, joinPath } from './paths.ts';
import { git, http, image, local, ociLayout } from './source.ts';
import type { State } from './state.ts';

function sourceOf({ output }: State): [identifier: string, attributes: Readonly<Record<string, string>>] {
  if (output?.kind !== 'vertex' || output.vertex.kind !== 'source') throw new Error('no source');
  return [output.vertex.identifier, output.vertex.attributes];
}

const AUTH = { 'git.authtokensecret': 'GIT_AUTH_TOKEN', 'git.authheadersecret': 'GIT_AUTH_HEADER' };

describe('sources', () => {
  const cases: [what: string, state: State, identifier: string, attributes: object][] = [
    ['an image', image('busybox'), 'docker-image://docker.io/library/busybox:latest', {}],
    [
      'an image to be pulled',
      image('a.b/c:1', { resolveMode: 'pull' }),
      'docker-image://a.b/c:1',
      { 'image.resolvemode': 'pull' },
    ],
    ['a layout', ociLayout('a@sha256:0', { store: 's' }), 'oci-layout://a@sha256:0', { 'oci.store': 's' }],
    [
      'a folder',
      local('context', {
        followPaths: ['a<b', 'é'],
        excludePatterns: ['*.md'],
        includePatterns: [],
        sharedKeyHint: 'h',
      }),
      'local://context',
      { 'local.followpaths': '["a\\u003cb","é"]', 'local.excludepatterns': '["*.md"]', 'local.sharedkeyhint': 'h' },
    ],
    [
      'a file',
      http('https://h/f', { filename: 'f', mode: 0o644, uid: 1 }),
      'https://h/f',
      { 'http.filename': 'f', 'http.perm': '0644', 'http.uid': '1' },
    ],
    [
      'a repository',
      git('https://u:p@h/a/b.git', { ref: 'v1', subdirectory: 'x', keepGitDirectory: true }),
      'git://h/a/b.git#v1:x',
      { ...AUTH, 'git.fullurl': 'https://u:p@h/a/b.git', 'git.keepgitdir': 'true' },
    ],
    [
      'a repository over ssh',
      git('git@h:a/b.git'),
      'git://h/a/b.git',
      { ...AUTH, 'git.fullurl': 'git@h:a/b.git', 'git.mountsshsock': 'default' },
    ],
  ];
  it.each(cases)('name %s as BuildKit does', (_what, state, identifier, attributes) => {
    expect(sourceOf(state)).toEqual([identifier, attributes]);
  });
});

describe('git URLs', () => {
  it.each([
    [
      'https://h:8443/a/b.git?x=1#r:d/e',
      {
        scheme: 'https',
        host: 'h:8443',
        path: '/a/b.git',
        ref: 'r',
        subdirectory: 'd/e',
        remote: 'https://h:8443/a/b.git',
      },
    ],
    [
      'ssh://git@h:22/a',
      { scheme: 'ssh', host: 'h:22', path: '/a', ref: '', subdirectory: '', remote: 'ssh://git@h:22/a' },
    ],
    ['me@h:a/b#:sub/../x', { scheme: 'ssh', host: 'h', path: 'a/b', ref: '', subdirectory: 'x', remote: 'me@h:a/b' }],
  ])('%s', (text, parts) => {
    expect(parseGitUrl(text)).toMatchObject(parts);
  });

  it('are neither other schemes nor paths', () => {
    expect(parseGitUrl('ftp://h/a')).toBe('invalid');
    expect(parseGitUrl('a/b.git')).toBeUndefined();
  });
});

describe('git references', () => {
  it.each([
    ['https://h/a.git', {}],
    ['https://h/a.git#v1:d', { ref: 'v1', subdirectory: 'd' }],
    ['https://h/a.git?tag=v1&subdir=d', { ref: 'refs/tags/v1', subdirectory: 'd' }],
    [
      'https://h/a.git?branch=main&submodules=0&keep-git-dir',
      { ref: 'refs/heads/main', skipSubmodules: true, keepGitDirectory: true },
    ],
    [
      'https://h/a.git?commit=abc&fetch-by-commit=true&mtime=commit',
      { checksum: 'abc', fetchByCommit: true, mtime: 'commit' },
    ],
    ['git@h:a', {}],
  ])('%s', (text, options) => {
    expect(parseGitReference(text)?.options).toEqual(options);
  });

  it.each(['./a.git', '../a', 'https://h/a.zip', 'a/b', 'ftp://h/a.git'])('%s is none', (text) => {
    expect(parseGitReference(text)).toBeUndefined();
  });

  it.each(['?ref=a#b', '?ref=', '?ref=a&ref=b', '?nope=1', '?mtime=x', '?submodules=x', '?tag=a&branch=b'])(
    'refuse %s',
    (query) => {
      expect(() => parseGitReference(`https://h/a.git${query}`)).toThrow(
        expect.objectContaining({ code: 'GIT_REFERENCE_INVALID' }),
      );
    },
  );

  it('never show a password', () => {
    expect(() => parseGitReference('https://me:hidden@h/a.git?nope=1')).toThrow(/me:\*\*\*@h/);
  });

  it('without a scheme could be a path', () => {
    const reference = parseGitReference('github.com/a/b');
    expect(reference?.looksLocal).toBe(true);
    expect(reference === undefined ? undefined : sourceOf(gitState(reference))[0]).toBe('git://github.com/a/b');
  });
});

describe('paths', () => {
  it.each([
    [['a', '', '../b'], 'b'],
    [['/', '../x'], '/x'],
    [['', ''], ''],
  ])('joins %j', (parts, joined) => {
    expect(joinPath(...parts)).toBe(joined);
  });

  it.each([
    ['a/', '/w/a/'],
    ['.', '/w'],
    ['./', '/w/'],
    ['/x/.', '/x/.'],
    ['/.', '/.'],
    ['/', '/'],
    ['../..', '/'],
  ])('keeps the end of %s', (path, absolute) => {
    expect(absolutePath(path, { parent: '/w', keepSlash: true })).toBe(absolute);
  });
});
