import { type TestContext, beforeAll, describe, expect, it } from 'vitest';
import { freePort } from '../../scripts/registry.ts';
import { fixtureRegistry, skip, testEnvironment } from '../support/environment.ts';
import { type Fault, startFaultProxy } from '../support/fault-proxy.ts';
import { registryMissing, startRegistry } from '../support/registry.ts';
import { expectNothingLeft } from './machine.ts';

/* Whole builds against registries that misbehave: success after a retry, or a coded error and no tag. */

let upstream = '';
beforeAll(async () => {
  upstream = await fixtureRegistry('busybox');
}, 60_000);

const answer = (status: number, headers: Record<string, string> = {}, body = ''): Fault => ({
  kind: 'answer',
  status,
  headers,
  body,
});
const BLOB = /^GET \/v2\/library\/busybox\/blobs\//;
const MANIFEST = /^(?:GET|HEAD) \/v2\/library\/busybox\/manifests\//;
const ALWAYS = 1000;

async function buildThrough(faults: readonly (readonly [RegExp, Fault, number])[]) {
  await using proxy = await startFaultProxy(upstream);
  for (const [pattern, fault, times] of faults) proxy.inject(pattern, fault, times);
  using environment = testEnvironment();
  environment.write({ Dockerfile: `FROM ${proxy.host}/library/busybox\nRUN cat /etc/passwd > /copy\n` });
  const result = await environment.polyarch(['build', '--progress=none', '-t', 'app', '.'], { allowFailure: true });
  await expectNothingLeft(environment);
  const images = await environment.polyarch(['images', '-q']);
  // What was received in part must not be taken for whole: the same store builds without the faults.
  proxy.clear();
  if (result.code !== 0) await environment.polyarch(['build', '-t', 'app', '.']);
  return { ...result, tagged: images.stdout !== '' };
}

describe.concurrent('a base image', () => {
  it('is pulled in spite of resets, cut answers, 429, 500, 502 and 503', async () => {
    const { code, stderr, tagged } = await buildThrough([
      [MANIFEST, { kind: 'reset' }, 1],
      [MANIFEST, answer(429, { 'retry-after': '1' }), 1],
      [MANIFEST, answer(500), 1],
      [BLOB, { kind: 'reset' }, 1],
      [BLOB, { kind: 'truncate', bytes: 1000 }, 1],
      [BLOB, { kind: 'lose-answer' }, 1],
      [BLOB, answer(502), 1],
      [BLOB, answer(503, { 'retry-after': '0' }), 1],
    ]);
    expect(code, stderr).toBe(0);
    expect(stderr).toContain('retrying');
    expect(tagged).toBe(true);
  });

  it.each<[string, RegExp, Fault, string]>([
    ['is refused', MANIFEST, answer(401), 'UNAUTHORIZED|AUTHENTICATION'],
    ['is forbidden', MANIFEST, answer(403), 'DENIED|FORBIDDEN'],
    ['is unknown', MANIFEST, answer(404), 'NOT_FOUND'],
    [
      'has a manifest that is no JSON',
      /^GET \/v2\/library\/busybox\/manifests\//,
      answer(200, { 'content-type': 'application/vnd.oci.image.index.v1+json' }, 'no json {'),
      'DIGEST_MISMATCH|SIZE_MISMATCH|MANIFEST_INVALID|INVALID',
    ],
    ['has blobs with other bytes', BLOB, { kind: 'corrupt' }, 'DIGEST_MISMATCH'],
    [
      'has blobs that are other files',
      BLOB,
      answer(200, { 'content-type': 'application/octet-stream' }, 'another file'),
      'DIGEST_MISMATCH|SIZE_MISMATCH|UNREACHABLE',
    ],
    [
      'lies about the digest of its manifest',
      MANIFEST,
      { kind: 'headers', headers: { 'docker-content-digest': `sha256:${'0'.repeat(64)}` } },
      'DIGEST_MISMATCH|NOT_FOUND',
    ],
    ['has its blobs missing', BLOB, answer(404), 'NOT_FOUND'],
    [
      'is a login page',
      MANIFEST,
      answer(200, { 'content-type': 'text/html' }, '<html>log in</html>'),
      'REGISTRY_ERROR',
    ],
  ])('that %s is a coded error, and no tag', async (_name, pattern, fault, codes) => {
    const { code, stderr, tagged } = await buildThrough([[pattern, fault, ALWAYS]]);
    expect(code).toBe(1);
    expect(stderr).toMatch(new RegExp(`^ERROR: .*\\[[A-Z_]*(?:${codes})[A-Z_]*\\]$`, 'm'));
    expect(stderr).not.toContain('internal error');
    expect(stderr).toMatch(/busybox|sha256:/);
    expect(tagged).toBe(false);
  });

  it('from a registry that is down is a coded error that names it', async () => {
    const port = await freePort();
    using environment = testEnvironment();
    environment.write({ Dockerfile: `FROM 127.0.0.1:${port}/library/busybox\n` });
    const started = Date.now();
    const { code, stderr } = await environment.polyarch(['build', '.'], { allowFailure: true });
    expect(code).toBe(1);
    expect(stderr).toMatch(new RegExp(`^ERROR: .*127\\.0\\.0\\.1:${port}.*\\[[A-Z_]+\\]$`, 'm'));
    expect(Date.now() - started).toBeLessThan(15_000);
  });
});

describe.concurrent('a push', () => {
  const UPLOAD = /^(?:POST|PATCH|PUT) \/v2\/app\/blobs\/uploads\//;
  const TAG = /^PUT \/v2\/app\/manifests\/1$/;
  const PUT_MANIFEST = /^PUT \/v2\/app\/manifests\//;

  async function pushThrough(context: TestContext, faults: readonly (readonly [RegExp, Fault, number])[]) {
    const missing = registryMissing();
    if (missing !== undefined) skip(context, missing);
    await using registry = await startRegistry();
    await using proxy = await startFaultProxy(registry.host);
    using environment = testEnvironment({ mirror: upstream });
    environment.write({ Dockerfile: 'FROM busybox\nRUN head -c 300000 /dev/urandom > /random\n' });
    const args = [
      'build',
      '--progress=none',
      '-t',
      `${proxy.host}/app:1`,
      '--push',
      '--platform=linux/amd64,linux/arm64',
      '.',
    ];
    for (const [pattern, fault, times] of faults) proxy.inject(pattern, fault, times);
    const result = await environment.polyarch(args, { allowFailure: true });
    await expectNothingLeft(environment);
    const tagged = async () => (await fetch(`http://${registry.host}/v2/app/tags/list`)).status === 200;
    const before = await tagged();
    proxy.clear();
    await environment.polyarch(args);
    expect(await tagged()).toBe(true);
    return { ...result, tagged: before };
  }

  it('goes through in spite of resets, cut uploads, lost answers, 429 and 503', async (context) => {
    const { code, stderr } = await pushThrough(context, [
      [UPLOAD, { kind: 'reset' }, 1],
      [/^(?:PATCH|PUT) \/v2\/app\/blobs\/uploads\//, { kind: 'cut-upload', bytes: 1000 }, 1],
      [UPLOAD, answer(429, { 'retry-after': '1' }), 1],
      [PUT_MANIFEST, { kind: 'lose-answer' }, 1],
      [TAG, answer(503), 1],
    ]);
    expect(code, stderr).toBe(0);
  });

  it.for<readonly [string, RegExp, Fault, string]>([
    ['refused', /^(?:HEAD|POST|PUT|PATCH) /, answer(401), 'UNAUTHORIZED|AUTHENTICATION'],
    [
      'forbidden',
      /^(?:POST|PUT|PATCH) /,
      answer(403, {}, '{"errors":[{"code":"DENIED","message":"not yours"}]}'),
      'DENIED|FORBIDDEN',
    ],
    ['broken again and again', UPLOAD, answer(500), '[A-Z]'],
    [
      'not taken: a manifest',
      PUT_MANIFEST,
      answer(400, { 'content-type': 'application/json' }, '{"errors":[{"code":"MANIFEST_INVALID","message":"no"}]}'),
      '[A-Z]',
    ],
  ])('that is %s is a coded error, and no tag', async ([, pattern, fault, codes], context) => {
    const { code, stderr, tagged } = await pushThrough(context, [[pattern, fault, ALWAYS]]);
    expect(code).toBe(1);
    expect(stderr).toMatch(new RegExp(`^ERROR: .*\\[[A-Z_]*(?:${codes})[A-Z_]*\\]$`, 'm'));
    expect(stderr).not.toContain('internal error');
    expect(tagged).toBe(false);
  });
});
