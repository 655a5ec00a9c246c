import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { fixtureRegistry, requireTool, run } from '../support/environment.ts';
import { registryMissing, startRegistry, type TestRegistry } from '../support/registry.ts';
import { account, expectFailure, TWO } from './account.ts';

const missing = registryMissing();
if (missing !== undefined) process.stderr.write(`SKIPPED commands on images: ${missing}\n`);

const { environment, cli, out } = account(
  { Dockerfile: 'FROM busybox\nARG TARGETARCH\nENV ARCH=$TARGETARCH\nRUN echo $TARGETARCH > /arch\nLABEL a=b\n' },
  [['build', '-q', '--platform', TWO, '-t', 'app:1', '.']],
);

interface Listed {
  readonly Repository: string;
  readonly Tag: string;
  readonly ID: string;
  readonly Digest: string;
  readonly Platforms: readonly { readonly platform: string; readonly local: boolean; readonly size: number }[];
}

async function list(...args: string[]): Promise<Listed[]> {
  const text = await out('images', '--format', 'json', ...args);
  return text
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as Listed);
}

describe('images', () => {
  test('Docker’s columns, and the platforms', async () => {
    const [head = '', line = ''] = (await out('images')).split('\n');
    expect(head.split(/ {2,}/)).toEqual(['REPOSITORY', 'TAG', 'IMAGE ID', 'PLATFORMS', 'CREATED', 'SIZE']);
    expect(line).toMatch(
      /^app +1 +[a-f0-9]{12} +linux\/amd64,linux\/arm64 +(Less than a|About a|\d+) (second|minute)s? ago +2\.\d+MB$/,
    );
  });

  test('formats', async () => {
    const [image] = await list();
    expect(image).toMatchObject({
      Repository: 'app',
      Tag: '1',
      Platforms: [
        { platform: 'linux/amd64', local: true },
        { platform: 'linux/arm64', local: true },
      ],
    });
    expect(await out('images', '-q')).toBe(`${image?.Digest.slice(7, 19)}\n`);
    expect(await out('images', '-q', '--no-trunc')).toBe(`${image?.Digest}\n`);
    expect(await out('images', '--digests')).toContain(`${image?.Digest}   ${image?.ID}`);
    expect(await out('images', '--format', String.raw`{{.Repository}}:{{.Tag}}\t{{.ID}}`)).toBe(
      `app:1\t${image?.ID}\n`,
    );
    expectFailure(await cli('images', '--format', '{{range .}}'), 1, 'INVALID_ARGUMENT', '{{end}}');
  });

  test('by name', async () => {
    await out('tag', 'app:1', 'other/thing:2');
    expect((await list('app')).map(({ Repository }) => Repository)).toEqual(['app']);
    expect((await list('other/*')).map(({ Tag }) => Tag)).toEqual(['2']);
    expect(await list('docker.io/library/app:1')).toHaveLength(1);
    expect(await list('app:2')).toEqual([]);
    expect((await list('--filter', 'reference=*:2')).map(({ Tag }) => Tag)).toEqual(['2']);
    expect(await list('--filter', 'dangling=true')).toEqual([]);
    expectFailure(await cli('images', '-f', 'label=x'), 1, 'INVALID_ARGUMENT', 'dangling=true');
    await out('rmi', 'other/thing:2');
  });

  test('an image without a name', async () => {
    const digest = (await out('build', '-q', '--label', 'x=y', '.')).trim();
    const image = (await list()).find(({ Repository }) => Repository === '<none>');
    expect(image?.Tag).toBe('<none>');
    expect(digest).toMatch(/^sha256:/);
    expect(await out('run', image?.ID ?? '', 'cat', '/arch')).toBe('amd64\n');
    expect(await out('rmi', image?.ID ?? '')).toBe(`Deleted: ${image?.Digest}\n`);
  });

  test('a store that is not there yet is empty, and is not made', async () => {
    const home = join(environment().folder, 'none');
    const result = await environment().polyarch(['images'], { env: { POLYARCH_HOME: home } });
    expect(result.stdout.trim().split('\n')).toHaveLength(1);
    expect(() => readFileSync(home)).toThrow(/ENOENT/);
  });
});

describe('inspect', () => {
  test('Docker’s fields for one platform, and the index’s platforms', async () => {
    const [image] = JSON.parse(await out('inspect', 'app:1')) as Record<string, unknown>[];
    expect(image).toMatchObject({
      RepoTags: ['app:1'],
      Architecture: 'amd64',
      Os: 'linux',
      Config: { Labels: { a: 'b' } },
      RootFS: { Type: 'layers' },
      Platforms: [
        { Platform: 'linux/amd64', Local: true },
        { Platform: 'linux/arm64', Local: true },
      ],
    });
    expect(
      await out('inspect', '--platform', 'arm64', '-f', '{{.Architecture}} {{json .Config.Labels}}', 'app:1'),
    ).toBe('arm64 {"a":"b"}\n');
    expect(await out('inspect', '-f', '{{json .Config.Env}}', '--platform', 'linux/arm64', 'app:1')).toContain(
      '"ARCH=arm64"',
    );
  });

  test('failures', async () => {
    expectFailure(await cli('inspect', 'nothing'), 1, 'IMAGE_NOT_FOUND', 'polyarch pull');
    expectFailure(
      await cli('inspect', '--platform', 'linux/s390x', 'app:1'),
      1,
      'NO_MATCHING_PLATFORM',
      'it has linux/amd64, linux/arm64',
    );
    const both = await cli('inspect', 'nothing', 'app:1');
    expectFailure(both, 1, 'IMAGE_NOT_FOUND');
    expect(JSON.parse(both.stdout)).toHaveLength(1);
  });
});

describe('tag and rmi', () => {
  test('names share an image; its content goes with the last', async () => {
    await out('build', '-q', '--platform', TWO, '--label', 'v=2', '-t', 'gone:1', '.');
    await out('tag', 'gone:1', 'gone:2');
    const [image] = await list('gone');
    const id = image?.ID ?? '';
    expectFailure(await cli('rmi', id), 1, 'IMAGE_IN_USE', 'gone:1, gone:2');
    expect(await out('rmi', 'gone:1')).toBe('Untagged: gone:1\n');
    expect(await out('inspect', '-f', '{{.Id}}', id)).toBe(`${image?.Digest}\n`);
    expect(await out('rmi', 'gone:2')).toBe(`Untagged: gone:2\nDeleted: ${image?.Digest}\n`);
    expect(() => readFileSync(join(environment().home, 'content/blobs/sha256', image?.Digest.slice(7) ?? ''))).toThrow(
      /ENOENT/,
    );
    // What app:1 has too is still there.
    expect(await out('run', '--platform', 'linux/arm64', 'app:1', 'cat', '/arch')).toBe('arm64\n');
  });

  test('-f by id removes every name; what is not there is then no failure', async () => {
    await out('build', '-q', '--label', 'v=3', '-t', 'many:1', '.');
    await out('tag', 'many:1', 'many:2');
    const [image] = await list('many:1');
    const result = await cli('rmi', '-f', image?.ID ?? '', 'nothing');
    expect(result.stdout).toBe(`Untagged: many:1\nUntagged: many:2\nDeleted: ${image?.Digest}\n`);
    expect(result.stderr).toContain('IMAGE_NOT_FOUND');
    expect(result.code).toBe(0);
    expectFailure(await cli('rmi', 'nothing'), 1, 'IMAGE_NOT_FOUND');
  });

  test('failures', async () => {
    expectFailure(await cli('tag', 'nothing', 'x'), 1, 'IMAGE_NOT_FOUND');
    expectFailure(await cli('tag', 'app:1', 'Bad'), 1, 'INVALID_REFERENCE');
    expectFailure(await cli('tag', 'app:1', `x@sha256:${'0'.repeat(64)}`), 1, 'INVALID_REFERENCE');
  });
});

describe.skipIf(missing !== undefined)('pull and push', () => {
  let registry: TestRegistry;
  beforeAll(async () => {
    registry = await startRegistry();
  });
  afterAll(() => registry?.close());

  test('pull: all platforms, or some with the index as it is', async () => {
    const host = await fixtureRegistry('busybox');
    const raw = await (
      await fetch(`http://${host}/v2/library/busybox/manifests/latest`, { headers: { accept: INDEX_TYPES } })
    ).text();
    const { manifests } = JSON.parse(raw) as { manifests: unknown[] };
    const one = await cli('pull', '--platform', 'linux/arm64', 'busybox');
    expect(one.stdout).toMatch(
      /^Digest: sha256:[a-f0-9]{64}\nStatus: Downloaded newer image for busybox:latest\ndocker\.io\/library\/busybox:latest\n$/,
    );
    const [image] = await list('busybox');
    expect(image?.Platforms).toHaveLength(manifests.length);
    expect(image?.Platforms.filter(({ local }) => local).map(({ platform }) => platform)).toContain('linux/arm64');
    expect(image?.Platforms.every(({ local }) => local)).toBe(false);
    expect((await cli('images', 'busybox')).stderr).toContain('* not in the local store');
    expect(readFileSync(join(environment().home, 'content/blobs/sha256', image?.Digest.slice(7) ?? ''), 'utf8')).toBe(
      raw,
    );
    expect((await cli('pull', '--platform', 'linux/arm64', 'busybox')).stdout).toContain(
      'Status: Image is up to date for busybox:latest',
    );
    expect(await out('pull', '-q', 'busybox')).toBe('docker.io/library/busybox:latest\n');
    expect((await list('busybox'))[0]?.Platforms.every(({ local }) => local)).toBe(true);
    expect((await list('busybox'))[0]?.Digest).toBe(image?.Digest);
  });

  test('pull by digest', async () => {
    const [image] = await list('busybox');
    expect(await out('pull', '-q', `busybox@${image?.Digest}`)).toBe(`docker.io/library/busybox@${image?.Digest}\n`);
    expect(await out('run', `busybox@${image?.Digest}`, 'echo', 'x')).toBe('x\n');
    await out('rmi', `busybox@${image?.Digest}`);
  });

  test('pull: failures move no name', async () => {
    expectFailure(await cli('pull', `${registry.host}/nothing`), 1, 'NOT_FOUND', `${registry.host}/nothing`);
    expectFailure(
      await cli('pull', '--platform', 'linux/mips64le', 'busybox'),
      1,
      'NO_MATCHING_PLATFORM',
      'it has linux/amd64',
    );
    expectFailure(await cli('pull', '127.0.0.1:1/x'), 1, 'REGISTRY_UNREACHABLE', '127.0.0.1:1');
    expect(await list('127.0.0.1:1/*')).toEqual([]);
  });

  test('push: the whole index, byte for byte, and then again', async (context) => {
    const skopeo = requireTool(context, 'skopeo');
    const name = `${registry.host}/team/app:1`;
    await out('tag', 'app:1', name);
    const [image] = await list('app:1');
    const pushed = await cli('push', name);
    expect(pushed.stdout).toMatch(new RegExp(`^1: digest: ${image?.Digest} size: \\d+\n$`));
    expect(pushed.stderr).toContain(`The push refers to repository [${registry.host}/team/app]`);
    expect(pushed.stderr).toMatch(/[a-f0-9]{12}: (Pushed|Mounted)/);
    const raw = await run([skopeo, 'inspect', '--raw', '--tls-verify=false', `docker://${name}`]);
    expect(raw.stdout).toBe(
      readFileSync(join(environment().home, 'content/blobs/sha256', image?.Digest.slice(7) ?? ''), 'utf8'),
    );
    await run([
      skopeo,
      'copy',
      '--all',
      '-q',
      '--src-tls-verify=false',
      `docker://${name}`,
      `dir:${join(environment().folder, 'copied')}`,
    ]);
    expect(await out('push', '-q', name)).toBe(`${name}\n`);
  });

  test('push --platform: one image without the index', async (context) => {
    const skopeo = requireTool(context, 'skopeo');
    const name = `${registry.host}/team/app:arm64`;
    await out('tag', 'app:1', name);
    await out('push', '--platform', 'linux/arm64', name);
    const { stdout } = await run([
      skopeo,
      'inspect',
      '--override-arch',
      'amd64',
      '--tls-verify=false',
      `docker://${name}`,
    ]);
    expect(JSON.parse(stdout)).toMatchObject({ Architecture: 'arm64' });
  });

  test('push: platforms that are not local come from where the image came from', async () => {
    const from = `${registry.host}/team/app:1`;
    const to = `${registry.host}/copy/app:1`;
    await out('rmi', from);
    await using other = await startRegistry();
    const env = { POLYARCH_HOME: join(environment().folder, 'second') };
    await environment().polyarch(['pull', '--platform', 'linux/arm64', from], { env });
    await environment().polyarch(['tag', from, to], { env });
    expect((await environment().polyarch(['push', to], { env })).stderr).toMatch(/[a-f0-9]{12}: Mounted/);
    const elsewhere = `${other.host}/app:1`;
    await environment().polyarch(['tag', from, elsewhere], { env });
    await environment().polyarch(['push', elsewhere], { env });
    await environment().polyarch(['pull', '-q', elsewhere]);
    expect((await list(elsewhere))[0]?.Platforms.every(({ local }) => local)).toBe(true);
    // Its origin gone, it cannot be pushed whole, and the tag does not move.
    const lost = { POLYARCH_HOME: join(environment().folder, 'third') };
    const proxy = await startRegistry({ proxyOf: `http://${registry.host}` });
    await environment().polyarch(['pull', '--platform', 'linux/arm64', `${proxy.host}/team/app:1`], { env: lost });
    await proxy.close();
    await environment().polyarch(['tag', `${proxy.host}/team/app:1`, `${other.host}/lost:1`], { env: lost });
    const result = await environment().polyarch(['push', `${other.host}/lost:1`], { env: lost, allowFailure: true });
    expectFailure(result, 1, 'CONTENT_MISSING', 'linux/amd64', '--platform');
    expect((await fetch(`http://${other.host}/v2/lost/manifests/1`)).status).toBe(404);
    await environment().polyarch(['push', '--platform', 'linux/arm64', `${other.host}/lost:1`], { env: lost });
  });

  test('push: failures', async () => {
    const [image] = await list('app:1');
    expectFailure(await cli('push', image?.ID ?? ''), 1, 'TAG_REQUIRED', 'polyarch tag');
    expectFailure(await cli('push', `${registry.host}/nothing`), 1, 'IMAGE_NOT_FOUND');
    await out('tag', 'app:1', '127.0.0.1:1/app');
    expectFailure(await cli('push', '127.0.0.1:1/app'), 1, 'REGISTRY_UNREACHABLE');
  });
});

const INDEX_TYPES = [
  'application/vnd.oci.image.index.v1+json',
  'application/vnd.docker.distribution.manifest.list.v2+json',
].join(', ');
