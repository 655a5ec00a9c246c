import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { goSource } from './go-toolchain.ts';

const folder = mkdtempSync(join(tmpdir(), 'polyarch-go-'));
afterAll(() => rmSync(folder, { recursive: true }));
const file = join(folder, 'env');
writeFileSync(file, 'GOFLAGS=-x=y\nGOPROXY=https://kept.test/go/,direct\n');

test.each([
  ['Go’s own', {}, 'https://proxy.golang.org'],
  ['the environment’s', { GOPROXY: 'http://127.0.0.1:3000/|direct' }, 'http://127.0.0.1:3000'],
  ['the first of several', { GOPROXY: 'direct,https://a.test,https://b.test' }, 'https://a.test'],
  ['that of go env -w', { GOENV: file }, 'https://kept.test/go'],
  ['the environment’s before that', { GOENV: file, GOPROXY: 'https://a.test' }, 'https://a.test'],
])('the module proxy is %s', (_name, env, proxy) => {
  expect(goSource({ HOME: folder, ...env })).toMatchObject({ proxy, database: { url: 'https://sum.golang.org' } });
});

test.each([
  [{ GOPROXY: 'off' }, 'GOPROXY=off names no module proxy'],
  [{ GOPROXY: 'direct' }, 'GOPROXY=direct names no module proxy'],
  [{ GOSUMDB: 'off' }, 'GOSUMDB=off is no checksum database'],
])('%o is no source', (env, message) => {
  expect(() => goSource({ HOME: folder, ...env })).toThrow(message);
});
