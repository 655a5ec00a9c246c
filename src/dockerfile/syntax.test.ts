import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { setDebugSink } from '../util/debug.ts';
import { parseDockerfile } from './parse.ts';
import { checkSyntax } from './syntax.ts';

const said: string[] = [];
beforeEach(() => {
  said.length = 0;
  setDebugSink((scope, message) => said.push(`${scope}: ${message}`));
});
afterEach(() => setDebugSink(undefined));

const DIGEST = `sha256:${'0123456789abcdef'.repeat(4)}`;

describe("Docker's own frontend, of any version, is the one built in", () => {
  test.each([
    'docker/dockerfile',
    'docker/dockerfile:1',
    'docker/dockerfile:1.7-labs',
    'docker/dockerfile:experimental',
    'docker.io/docker/dockerfile:1 --flag',
    'index.docker.io/docker/dockerfile',
    'docker/dockerfile-upstream:master',
    `docker/dockerfile:1@${DIGEST}`,
    `docker/dockerfile-upstream@${DIGEST}`,
  ])('%s', (syntax) => {
    parseDockerfile(`# syntax=${syntax}\nFROM a\n`);
    expect(said).toEqual([`dockerfile: # syntax=${syntax}: this frontend reads it, no image is pulled`]);
  });
});

describe('another frontend is refused', () => {
  test.each([
    'dockerfile',
    'docker/dockerfile-other',
    'docker/buildx-bin',
    'example.test/docker/dockerfile:1',
    'localhost/docker/dockerfile',
  ])('%s', (syntax) => {
    const refused = expect.objectContaining({
      code: 'FRONTEND_UNSUPPORTED',
      message: expect.stringContaining(`Dockerfile:2: # syntax=${syntax}`),
      hint: expect.stringMatching(/BuildKit drivers.*docker-container/),
    });
    expect(() => parseDockerfile(`# escape=\`\n# syntax = ${syntax}\nnot { a Dockerfile\n`)).toThrow(refused);
    expect(() => checkSyntax(syntax, 'BUILDKIT_SYNTAX')).toThrow(
      expect.objectContaining({ message: expect.stringContaining(`BUILDKIT_SYNTAX=${syntax}`) }),
    );
  });

  test('unless BUILDKIT_SYNTAX names the built-in one', () => {
    expect(() => checkSyntax('dockerfile.v0', 'BUILDKIT_SYNTAX')).not.toThrow();
    expect(parseDockerfile('# syntax=a/b\nFROM scratch\n', { ignoreSyntax: true }).stages).toHaveLength(1);
  });

  test('in the other ways of writing it', () => {
    for (const source of ['// syntax=a/b\nx {}', '{"syntax": "a/b"}', '#!/usr/bin/env x\n# syntax=a/b\n']) {
      expect(() => parseDockerfile(source)).toThrow(expect.objectContaining({ code: 'FRONTEND_UNSUPPORTED' }));
    }
  });
});
