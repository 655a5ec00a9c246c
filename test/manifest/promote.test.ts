import { beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { remoteTags } from '../build/image-reader.ts';
import { expectFailure } from '../registry-cli/cli.ts';
import { makeImage, seed } from '../registry-cli/seed.ts';
import { digestAt, missing, place, skopeoRaw } from './registry.ts';

const SIX = ['linux/amd64', 'linux/arm64', 'linux/arm/v7', 'linux/386', 'linux/ppc64le', 'linux/s390x'];

describe.skipIf(missing !== undefined)('promote', () => {
  const { host, plain, other, proxy, environment, cli } = place();
  const six = makeImage({ platforms: SIX });
  const digest = six.root.entry.digest;
  const promote = (...args: string[]) => cli('promote', ...args);

  beforeAll(() => seed(plain(), 'p/app:main', six));
  beforeEach(() => {
    proxy().clear();
    proxy().requests.length = 0;
  });

  test('to several tags, repositories and registries at once', async (context) => {
    const to = [`${host()}/p/app:1`, `${host()}/q/app:1`, `${host()}/q/app:2`, `${other()}/r/app:1`];
    const done = await promote(`${host()}/p/app:main`, ...to, 'oci-layout://kept:1');
    expect(done.code, done.stderr).toBe(0);
    expect(done.stdout.match(new RegExp(`^\\S+:[12] +${digest} +moved$`, 'gm'))).toHaveLength(5);
    for (const [at, repository, tag] of [
      [plain(), 'p/app', '1'],
      [plain(), 'q/app', '1'],
      [plain(), 'q/app', '2'],
      [other(), 'r/app', '1'],
    ] as const)
      expect(await digestAt(at, repository, tag)).toBe(digest);
    expect(skopeoRaw(context, `${other()}/r/app:1`)).toEqual(six.root.bytes);
    expect(proxy().received(/q\/app\/blobs\/uploads/)).toBe(0);
  });

  test('nothing to do is success, and an immutable tag that has the digest is not written', async () => {
    await promote(`${host()}/p/app:main`, `${host()}/p/app:fixed`);
    proxy().requests.length = 0;
    proxy().inject(/^PUT .*manifests\/fixed/, { kind: 'answer', status: 403 }, 10);
    const again = await promote(`${host()}/p/app:main`, `${host()}/p/app:fixed`);
    expect(again.code).toBe(0);
    expect(again.stdout).toMatch(/unchanged$/m);
    expect(again.stderr).toContain('nothing to do');
    expect(proxy().requests.filter(({ method }) => method !== 'GET' && method !== 'HEAD')).toEqual([]);
    await seed(plain(), 'p/app:new', makeImage({ platforms: SIX, files: { other: 'yes' } }));
    expectFailure(
      await promote(`${host()}/p/app:new`, `${host()}/p/app:fixed`),
      'DENIED',
      'p/app:fixed',
      'no tag was moved',
    );
    expect(await digestAt(plain(), 'p/app', 'fixed')).toBe(digest);
  });

  test('within a repository it asks for the index, and for each tag before it sets it', async () => {
    const done = await promote(`${host()}/p/app:main`, `${host()}/p/app:second`, `${host()}/p/app:third`);
    expect(done.code, done.stderr).toBe(0);
    expect(
      proxy()
        .requests.map(({ method, url }) => `${method} ${url.replace(/.*\//, '')}`)
        .toSorted(),
    ).toEqual(['GET main', 'HEAD second', 'HEAD third', 'PUT second', 'PUT third']);
  });

  test('an index of which a part is gone gets no tag in its own repository', async () => {
    const lone = makeImage({ platforms: ['linux/amd64', 'linux/arm64'], files: { lone: 'yes' } });
    await seed(plain(), 'gone/app:main', lone);
    const [child] = lone.manifests;
    await fetch(`http://${plain()}/v2/gone/app/manifests/${child?.entry.digest}`, { method: 'DELETE' });
    const failed = await promote(`${host()}/gone/app:main`, `${host()}/gone/app:1`);
    expectFailure(failed, 'CHILD_MISSING', 'linux/amd64', 'no tag was moved');
    expect(await digestAt(plain(), 'gone/app', '1')).toBeUndefined();
  });

  test('when one destination fails no tag moves anywhere', async () => {
    proxy().inject(/^POST .*t\/app\/blobs\/uploads/, { kind: 'answer', status: 403 }, 100);
    const failed = await promote(`${other()}/r/app:1`, `${other()}/s/app:1`, `${host()}/t/app:1`);
    expectFailure(failed, 'DENIED', 'no tag was moved');
    expect(await digestAt(other(), 's/app', '1')).toBeUndefined();
    const again = await promote(`${other()}/r/app:1`, `${other()}/s/app:1`, `${other()}/t/app:1`);
    expect(again.code, again.stderr).toBe(0);
    expect(await digestAt(other(), 's/app', '1')).toBe(digest);
  });

  test('when a tag fails, it says which moved and which did not', async () => {
    proxy().inject(/^PUT .*u\/app\/manifests\/2/, { kind: 'answer', status: 403 });
    const names = ['1', '2', '3'].map((tag) => `${host()}/u/app:${tag}`);
    const failed = await promote(`${host()}/p/app:main`, ...names);
    expectFailure(failed, 'TAGS_INCOMPLETE', /set: \S+u\/app:1; not set: \S+u\/app:2, \S+u\/app:3/);
    const again = await promote(`${host()}/p/app:main`, ...names);
    expect(again.stdout.match(/(moved|unchanged)$/gm)).toEqual(['unchanged', 'moved', 'moved']);
  });

  test('--tag-semver sets the version’s tags in order, and leaves newer ones', async () => {
    const name = `${host()}/v/app`;
    const pushed = () =>
      proxy().requests.flatMap(
        ({ method, url }) => /PUT.*v\/app\/manifests\/([^:]*)$/.exec(`${method} ${url}`)?.[1] ?? [],
      );
    const first = await promote('--tag-semver', 'v1.2.4', `${host()}/p/app:main`, name);
    expect(first.code, first.stderr).toBe(0);
    expect(pushed()).toEqual(['1', '1.2', '1.2.4', 'latest']);
    proxy().requests.length = 0;
    await seed(plain(), 'v/app:patch', makeImage({ files: { older: 'yes' } }));
    const older = await promote('--tag-semver', '1.2.3', `${name}:patch`, `${name}:also`);
    expect(pushed()).toEqual(['also', '1.2.3']);
    expect(older.stderr).toContain(`${name}:latest stays: 1.2.4 is there`);
    expect(await digestAt(plain(), 'v/app', '1.2')).toBe(digest);
    await promote('--tag-semver', '1.2.3', '--move-back', '--no-latest', `${name}:patch`, name);
    expect(await digestAt(plain(), 'v/app', '1')).not.toBe(digest);
    expect(await digestAt(plain(), 'v/app', 'latest')).toBe(digest);
    await promote('--tag-semver', 'v2.0.0-rc.1', `${name}:patch`, `${other()}/v/app`);
    expect(await remoteTags(other(), 'v/app')).toEqual(['2.0.0-rc.1']);
  });

  test('build --tag-semver, at a registry and in the local store', async () => {
    environment().write({ 'src/Dockerfile': 'FROM scratch\nCOPY Dockerfile /\n' });
    const build = (...args: string[]) => cli('build', '--platform', 'linux/amd64', ...args, 'src');
    const name = `${host()}/built/app`;
    expect((await build('-t', name, '--tag-semver', 'v1.2.4', '--push')).code).toBe(0);
    expect((await remoteTags(plain(), 'built/app')).toSorted()).toEqual(['1', '1.2', '1.2.4', 'latest']);
    const older = await build('-t', `${name}:also`, '--label', 'a=b', '--tag-semver', 'v1.2.3', '--push');
    expect(older.stderr).toContain(`${name}:latest stays: 1.2.4 is there`);
    expect((await remoteTags(plain(), 'built/app')).toSorted()).toEqual([
      '1',
      '1.2',
      '1.2.3',
      '1.2.4',
      'also',
      'latest',
    ]);
    expect((await build('-t', 'app', '--tag-semver', '2.0.0-rc.1')).code).toBe(0);
    expect((await build('-t', 'app', '--tag-semver', '2.0.0')).code).toBe(0);
    expect((await build('-t', 'app', '--tag-semver', '1.9.0')).code).toBe(0);
    const local = await cli('images', '--format', '{{.Repository}}:{{.Tag}}');
    expect(local.stdout.trim().split('\n').toSorted()).toEqual(
      ['1', '1.9', '1.9.0', '2', '2.0', '2.0.0', '2.0.0-rc.1', 'latest'].map((tag) => `app:${tag}`),
    );
    expectFailure(await build('--tag-semver', '1.0.0'), 'TAG_REQUIRED');
    expectFailure(await build('-t', 'app', '--tag-semver', '1.0.0+b'), 'INVALID_VERSION');
    const output = ['-o', 'type=image,push=true,push-by-digest=true'];
    expectFailure(await build('-t', name, '--tag-semver', '1.0.0', ...output), 'INVALID_OUTPUT', 'polyarch merge');
  });

  test.each([
    [['--tag-semver', '1.2', 'NAME:main', 'NAME'], 'INVALID_VERSION'],
    [['--no-latest', 'NAME:main', 'NAME:x'], 'INVALID_ARGUMENT'],
    [['NAME:none', 'NAME:x'], 'NOT_FOUND'],
    [['NAME:main', `NAME@sha256:${'1'.repeat(64)}`], 'DIGEST_MISMATCH'],
  ])('%j is %s', async (args, code) => {
    const result = await promote(...args.map((arg) => arg.replace('NAME', `${host()}/p/app`)));
    expectFailure(result, code);
    expect(result.stderr).not.toContain('retrying');
  });
});
