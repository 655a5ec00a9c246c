import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { sha256 } from '../build/image-reader.ts';
import { succeed } from '../build/project.ts';
import { expectFailure, missing, until, watch } from '../registry-cli/cli.ts';
import { makeImage, seed, type MadeImage } from '../registry-cli/seed.ts';
import { testEnvironment } from '../support/environment.ts';
import { startFaultProxy } from '../support/fault-proxy.ts';
import { REGISTRY_PASSWORD, REGISTRY_USER, startRegistry, type TestRegistry } from '../support/registry.ts';

const PLATFORMS = ['linux/amd64', 'linux/arm64', 'linux/arm/v7'];

describe.skipIf(missing !== undefined)('tags of a registry', () => {
  const environment = testEnvironment();
  let registry: TestRegistry;
  beforeAll(async () => {
    registry = await startRegistry();
  });
  afterAll(async () => {
    environment[Symbol.dispose]();
    await registry.close();
  });

  const polyarch = (...args: readonly string[]) => environment.polyarch(args, { allowFailure: true, input: '' });
  const repository = (name: string): string => `${registry.host}/${name}`;
  const tags = async (name: string): Promise<string[]> => {
    const { stdout } = succeed(await polyarch('tags', 'ls', '-q', repository(name)));
    return stdout.split('\n').filter(Boolean);
  };
  const has = async (name: string, reference: string): Promise<boolean> =>
    (
      await fetch(`http://${registry.host}/v2/${name}/manifests/${reference}`, {
        headers: { accept: 'application/vnd.oci.image.index.v1+json, application/vnd.oci.image.manifest.v1+json' },
      })
    ).ok;
  /** An index over images that are there already. */
  const index = (images: readonly MadeImage[]): MadeImage => {
    const manifests = images.map(({ root }) => root.entry);
    const type = 'application/vnd.oci.image.index.v1+json';
    const bytes = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: type, manifests }));
    const digest = sha256(bytes);
    const root = { entry: { mediaType: type, digest, size: bytes.length }, bytes };
    return { root, manifests: [root], blobs: [], layers: [] };
  };

  test('ls: every platform of an index, the size of all of it, when it was made', async () => {
    const image = makeImage({ platforms: PLATFORMS });
    await seed(registry.host, 'ls/app:1', image);
    await seed(registry.host, 'ls/app:amd64', makeImage());
    const { stdout } = succeed(await polyarch('tags', 'ls', '--format', 'json', repository('ls/app')));
    const lines = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as unknown);
    const all = [...image.manifests, ...image.blobs];
    expect(lines).toEqual([
      {
        tag: '1',
        digest: image.root.entry.digest,
        platforms: PLATFORMS,
        size: all.reduce((sum, { entry }) => sum + entry.size, 0),
        created: '2024-01-02T03:04:05.000Z',
      },
      expect.objectContaining({ tag: 'amd64', platforms: ['linux/amd64'] }),
    ]);
    const table = succeed(await polyarch('tags', 'ls', repository('ls/app'))).stdout;
    expect(table).toMatch(/^TAG +DIGEST +PLATFORMS +SIZE +CREATED\n1 +sha256:\w{12} +linux\/amd64,linux\/arm64,/);
  });

  test('ls of what is not there is NOT_FOUND; a tag is no repository', async () => {
    expectFailure(await polyarch('tags', 'ls', repository('no/such')), 'NOT_FOUND', /no\/such/);
    expectFailure(await polyarch('tags', 'ls', repository('ls/app:1')), 'INVALID_REFERENCE');
    expectFailure(await polyarch('tags', 'rm', repository('ls/app')), 'INVALID_REFERENCE');
  });

  test('rm: what would go is said, and goes with --with-digest, the children too', async () => {
    const image = makeImage({ platforms: PLATFORMS, files: { a: 'rm' } });
    await seed(registry.host, 'rm/app:1', image);
    await seed(registry.host, 'rm/app:2', image);
    await seed(registry.host, 'rm/app:keep', makeImage());
    const { digest } = image.root.entry;
    const refused = await polyarch('tags', 'rm', repository('rm/app:1'));
    expectFailure(refused, 'TAG_NOT_ALONE', digest, /1, 2/, /--with-digest/);
    expect(await tags('rm/app')).toEqual(['1', '2', 'keep']);
    const { stdout } = succeed(await polyarch('tags', 'rm', '--with-digest', repository('rm/app:1')));
    expect(stdout).toContain(`Untagged: ${repository('rm/app:1')}\nUntagged: ${repository('rm/app:2')}\n`);
    expect(await tags('rm/app')).toEqual(['keep']);
    for (const { entry } of image.manifests) expect(await has('rm/app', entry.digest)).toBe(false);
    expect(await has('rm/app', 'keep')).toBe(true);
    expectFailure(await polyarch('tags', 'rm', repository('rm/app:1')), 'NOT_FOUND', /rm\/app:1/);
  });

  test('rm: a manifest that an index needs stays, whatever is asked', async () => {
    const image = makeImage({ files: { a: 'child' } });
    await seed(registry.host, 'use/app:child', image);
    await seed(registry.host, 'use/app:all', index([image]));
    const refused = await polyarch('tags', 'rm', '--with-digest', repository('use/app:child'));
    expectFailure(refused, 'MANIFEST_IN_USE', /all needs its manifest/);
    expect(await has('use/app', image.root.entry.digest)).toBe(true);
  });

  test('prune: a dry run changes nothing, no answer neither; -f removes what only the chosen tags need', async () => {
    const [shared, own, kept] = ['shared', 'own', 'kept'].map((a) => makeImage({ files: { a } }));
    if (shared === undefined || own === undefined || kept === undefined) throw new Error('three');
    for (const [tag, image] of Object.entries({ s: shared, o: own, k: kept })) {
      await seed(registry.host, `prune/app:${tag}`, image);
    }
    await seed(registry.host, 'prune/app:pr-1', index([shared, own]));
    await seed(registry.host, 'prune/app:main', index([shared, kept]));
    // What cosign would have put there.
    await seed(
      registry.host,
      `prune/app:${own.root.entry.digest.replace(':', '-')}.sig`,
      makeImage({ files: { a: 'sig' } }),
    );
    const before = await tags('prune/app');
    const args = ['prune', '--registry', repository('prune/app'), '--match', 'pr-*', '--match', 'o'];
    const dry = succeed(await polyarch(...args, '--dry-run'));
    expect(dry.stdout).toMatch(/^TAG +DIGEST +CREATED\no +/);
    expect(dry.stdout).toMatch(/\npr-1 .*\nsha256-\w+\.sig .*belongs to what goes\n3 tags of 6, 3 manifests\n$/);
    expectFailure(await polyarch(...args), 'NOT_CONFIRMED', /pr-1/);
    expect(await tags('prune/app')).toEqual(before);
    succeed(await polyarch(...args, '-f'));
    expect(await tags('prune/app')).toEqual(['k', 'main', 's']);
    expect(await has('prune/app', own.root.entry.digest)).toBe(false);
    for (const image of [shared, kept]) expect(await has('prune/app', image.root.entry.digest)).toBe(true);
    expect(succeed(await polyarch(...args, '-f')).stdout).toMatch(/^Nothing of /);
  });

  test('prune: a tag whose manifest is needed stays where no tag goes alone, and that is said', async () => {
    const image = makeImage({ files: { a: 'stuck' } });
    await seed(registry.host, 'stuck/app:old', image);
    await seed(registry.host, 'stuck/app:latest', image);
    const { stderr, stdout } = succeed(
      await polyarch('prune', '-f', '--registry', repository('stuck/app'), '--match', 'old'),
    );
    expect(stderr).toMatch(/only the tag: latest needs it/);
    expect(stderr).toMatch(/the manifests of old are needed: they stay/);
    expect(stdout).toBe('');
    expect(await tags('stuck/app')).toEqual(['latest', 'old']);
  });

  test('prune and rm ask a token server for the right to delete, and no mirror for what there is', async () => {
    await using guarded = await startRegistry({ auth: 'token' });
    if (guarded.tokens === undefined) throw new Error('started with auth: token');
    for (const tag of ['pr-1', 'pr-2', 'main']) {
      await seed(guarded.host, `team/app:${tag}`, makeImage({ files: { tag } }), { auth: guarded.tokens });
    }
    await seed(registry.host, 'team/app:pr-3', makeImage());
    const login = await environment.polyarch(['login', '-u', REGISTRY_USER, '--password-stdin', guarded.host], {
      input: REGISTRY_PASSWORD,
    });
    succeed(login);
    const mirror = ['--registry-mirror', `${guarded.host}=http://${registry.host}`];
    const name = `${guarded.host}/team/app`;
    expect(succeed(await polyarch('tags', 'ls', '-q', ...mirror, name)).stdout).toBe('pr-3\n');
    succeed(await polyarch('tags', 'rm', '--with-digest', ...mirror, `${name}:pr-1`));
    succeed(await polyarch('prune', '-f', ...mirror, '--registry', name, '--match', 'pr-*'));
    expect(succeed(await polyarch('tags', 'ls', '-q', name)).stdout).toBe('main\n');
    const scopes = guarded.tokens.requests.flatMap((request) => request.scopes);
    expect(scopes).toContain('repository:team/app:delete,pull');
  });

  test('where a tag goes alone, nothing else does', async () => {
    const image = makeImage({ files: { a: 'alone' } });
    await seed(registry.host, 'alone/app:old', image);
    await seed(registry.host, 'alone/app:new', image);
    await using proxy = await startFaultProxy(registry.host);
    // What a registry answers that can do it.
    proxy.inject(/^DELETE .*\/manifests\/old$/, { kind: 'answer', status: 202 }, 2);
    const name = `${proxy.host}/alone/app`;
    expect(succeed(await polyarch('tags', 'rm', `${name}:old`)).stdout).toBe(`Untagged: ${name}:old\n`);
    const { stdout } = succeed(await polyarch('prune', '-f', '--registry', name, '--match', 'old'));
    expect(stdout).toBe(`Untagged: ${name}:old\n`);
    expect(proxy.count(/^DELETE/)).toBe(2);
  });

  test('prune: a tag that moves between the look and the removal stops it', async () => {
    await seed(registry.host, 'race/app:a', makeImage({ files: { a: '1' } }));
    await using proxy = await startFaultProxy(registry.host);
    const prune = ['prune', '-f', '--registry', `${proxy.host}/race/app`, '--match', '*'];
    const running = watch(environment, prune);
    proxy.inject(/^GET .*tags\/list/, { kind: 'delay', milliseconds: 1 });
    proxy.inject(/^GET .*tags\/list/, { kind: 'delay', milliseconds: 3000 });
    await until(running, () => proxy.count(/^GET .*tags\/list/) === 2);
    await seed(registry.host, 'race/app:b', makeImage({ files: { a: '2' } }));
    expectFailure(await running.ended, 'REPOSITORY_CHANGED', /b of .*race\/app/);
    expect(proxy.count(/^DELETE/)).toBe(0);
  });

  test('a registry that deletes nothing says so', async () => {
    await seed(registry.host, 'fixed/app:a', makeImage({ files: { a: 'fixed' } }));
    await using proxy = await startFaultProxy(registry.host);
    proxy.inject(/^DELETE/, { kind: 'answer', status: 405, body: '{"errors":[{"code":"UNSUPPORTED"}]}' });
    const args = ['prune', '-f', '--registry', `${proxy.host}/fixed/app`, '--match', '*'];
    expectFailure(await polyarch(...args), 'DELETE_UNSUPPORTED', /settings/);
  });

  test('prune: --keep and --older-than; images of no known time stay', async () => {
    const made = (created: string) =>
      makeImage({
        files: { created },
        manifest: (manifest) => ({ ...manifest, annotations: { 'org.opencontainers.image.created': created } }),
      });
    const times = {
      a: '2026-01-04T00:00:00Z',
      b: '2026-01-03T00:00:00Z',
      c: '2026-01-02T00:00:00Z',
      d: '1970-01-01T00:00:00Z',
    };
    for (const [tag, created] of Object.entries(times)) await seed(registry.host, `age/app:${tag}`, made(created));
    const prune = ['prune', '-f', '--registry', repository('age/app')];
    // The config of `d` says 2024.
    succeed(await polyarch(...prune, '--keep', '1', '--older-than', '2026-01-03'));
    expect(await tags('age/app')).toEqual(['a', 'b']);
    succeed(await polyarch(...prune, '--keep', '1'));
    expect(await tags('age/app')).toEqual(['a']);
  });

  test.each([
    [['prune', '--registry', '127.0.0.1:1/a/b'], 'MISSING_ARGUMENT'],
    [['prune', '--registry', '127.0.0.1:1/a/b', '--keep', 'x'], 'INVALID_ARGUMENT'],
    [['prune', '--registry', '127.0.0.1:1/a/b', '--older-than', 'never'], 'INVALID_ARGUMENT'],
    [['prune', '--registry', '127.0.0.1:1/a/b', '--all'], 'INVALID_ARGUMENT'],
    [['prune', '--keep', '1'], 'INVALID_ARGUMENT'],
  ] as const)('%j: %s', async (args, code) => {
    expectFailure(await polyarch(...args), code);
  });
});
