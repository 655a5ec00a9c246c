import { execFileSync } from 'node:child_process';
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { type Index, readRemote } from '../build/image-reader.ts';
import { expectFailure } from '../registry-cli/cli.ts';
import { makeImage, seed } from '../registry-cli/seed.ts';
import { requireTool } from '../support/environment.ts';
import { digestAt, missing, place, skopeoRaw } from './registry.ts';

const [amd64, arm64, arm7] = ['linux/amd64', 'linux/arm64', 'linux/arm/v7'];

describe.skipIf(missing !== undefined)('manifest', () => {
  const { host, plain, other, proxy, environment, cli } = place();
  const single = Object.fromEntries(
    [amd64, arm64, arm7, 'linux/s390x', 'linux/riscv64'].map((platform) => [
      platform,
      makeImage({ platforms: [platform], family: platform === arm7 ? 'docker' : 'oci' }),
    ]),
  );
  const two = makeImage({ platforms: [amd64, arm64], files: { two: 'yes' } });
  const digestOf = (platform: string) => single[platform]?.root.entry.digest ?? '';
  const manifest = (...args: string[]) => cli('manifest', ...args);
  const good = async (...args: string[]) => {
    const done = await manifest(...args);
    expect(done.code, done.stderr).toBe(0);
    return done;
  };
  const put = async (at: string, name: string, platform: string) => {
    const image = single[platform];
    if (image !== undefined) await seed(at, name, image);
  };
  const source = (name: string) => `${host()}/s/app:${name}`;
  const entries = async (name: string) => {
    const { manifests } = JSON.parse((await cli('imagetools', 'inspect', '--raw', name)).stdout) as Index;
    return manifests.map(({ digest, platform }) => [digest, platform?.variant]);
  };
  const docker = (path: string, ...args: string[]): unknown =>
    JSON.parse(execFileSync(path, ['manifest', ...args], { env: { ...environment().env }, encoding: 'utf8' }));

  beforeAll(async () => {
    await put(plain(), 's/app:amd64', amd64);
    await put(plain(), 's/other:arm', arm7);
    await put(other(), 's/app:arm64', arm64);
    await put(plain(), 's/app:s390x', 'linux/s390x');
    await put(plain(), 's/app:riscv64', 'linux/riscv64');
    await seed(plain(), 's/app:two', two);
    const copies = [
      ['oci-layout://layout:s390x', source('s390x')],
      ['local://mine:1', source('riscv64')],
    ];
    for (const [to = '', from = ''] of copies) expect((await cli('copy', from, to)).code).toBe(0);
  });

  test('images of two registries, a folder and the local store become one index that Docker and podman read', async (context) => {
    const name = `${host()}/d/app:1`;
    const sources = [
      source('amd64'),
      `${host()}/s/other:arm`,
      `${other()}/s/app:arm64`,
      'oci-layout://layout:s390x',
      'local://mine:1',
    ];
    expect((await good('create', name, ...sources)).stdout).toBe(`Created manifest list ${name}\n`);
    await good(
      'annotate',
      name,
      `${host()}/s/other:arm`,
      '--variant',
      'v6',
      '--os-features',
      'a,b',
      '--annotation',
      'x.y=z',
    );
    expect((await good('ls')).stdout).toMatch(
      /d\/app:1 +linux\/amd64,linux\/arm\/v6,linux\/arm64,linux\/s390x,linux\/riscv64 +5 /,
    );
    expect(JSON.parse((await good('inspect', '-v', name, `${host()}/s/other:arm`)).stdout)).toMatchObject({
      Ref: `${host()}/s/other:arm`,
      Descriptor: {
        digest: digestOf(arm7),
        platform: { os: 'linux', architecture: 'arm', variant: 'v6', 'os.features': ['a', 'b'] },
      },
      SchemaV2Manifest: { schemaVersion: 2, layers: [{}] },
    });
    const draft = JSON.parse((await good('inspect', name)).stdout) as unknown;
    proxy().requests.length = 0;
    const pushed = await good('push', '--purge', '--digestfile', 'digest.txt', name);
    expect(proxy().count(/^PUT .*d\/app\/manifests\/1$/)).toBe(1);
    expect(proxy().requests.findLast(({ method }) => method === 'PUT')?.url).toMatch(/manifests\/1$/);
    const digest = await digestAt(plain(), 'd/app', '1');
    expect([pushed.stdout.trim(), readFileSync(join(environment().folder, 'digest.txt'), 'utf8')]).toEqual([
      digest,
      digest,
    ]);
    expect((await good('ls', '-q')).stdout).toBe('');
    const index = JSON.parse(skopeoRaw(context, `${plain()}/d/app:1`).toString()) as Index;
    expect(index).toEqual(draft);
    expect(index.manifests.map((entry) => entry.digest)).toEqual(
      [amd64, arm7, arm64, 'linux/s390x', 'linux/riscv64'].map(digestOf),
    );
    expect(index.manifests[1]).toMatchObject({ platform: { variant: 'v6' }, annotations: { 'x.y': 'z' } });
    const layers = await Promise.all(index.manifests.map(({ digest: child }) => digestAt(plain(), 'd/app', child)));
    expect(layers).not.toContain(undefined);

    const program = requireTool(context, 'docker');
    // Docker shows neither annotations nor an entry's other fields.
    const pulled = `${plain()}/d/app:1`;
    const shown = JSON.parse((await good('inspect', pulled)).stdout) as Index;
    const known = shown.manifests.map(({ annotations: _dropped, ...entry }) => entry);
    expect(docker(program, 'inspect', '--insecure', pulled)).toEqual({ ...shown, manifests: known });
    const verbose = JSON.parse((await good('inspect', '-v', pulled)).stdout) as { Descriptor: Index['manifests'][0] }[];
    expect(docker(program, 'inspect', '-v', '--insecure', pulled)).toEqual(
      verbose.map((one) => {
        const { annotations: _dropped, ...Descriptor } = one.Descriptor;
        return { ...one, Descriptor };
      }),
    );
    const one = ['inspect', '-v', `${plain()}/s/app:amd64`];
    expect(docker(program, ...one, '--insecure')).toEqual(JSON.parse((await good(...one)).stdout));

    const podman = requireTool(context, 'podman');
    const storage = [
      '--root',
      join(environment().home, '../podman'),
      '--runroot',
      join(environment().home, '../podman-run'),
    ];
    for (const flags of [
      ['--arch', 's390x'],
      ['--arch', 'arm', '--variant', 'v6'],
    ]) {
      const pull = [
        ...storage,
        '--storage-driver',
        'vfs',
        'pull',
        '-q',
        '--tls-verify=false',
        ...flags,
        `${plain()}/d/app:1`,
      ];
      expect(execFileSync(podman, pull, { stdio: 'pipe', encoding: 'utf8' }).trim()).toMatch(/^[0-9a-f]{64}$/);
    }
  });

  test('one index that nothing was changed of is pushed byte for byte; blobs are mounted; the second push does nothing', async (context) => {
    const name = `${host()}/b/app:1`;
    await good('create', name, source('two'));
    proxy().requests.length = 0;
    await good('push', name);
    expect(proxy().received(/b\/app\/blobs\/uploads/)).toBe(0);
    expect(skopeoRaw(context, `${plain()}/b/app:1`)).toEqual(two.root.bytes);
    proxy().requests.length = 0;
    expect((await good('push', name)).stderr).toContain('already at');
    expect(proxy().requests.every(({ method }) => method === 'GET' || method === 'HEAD')).toBe(true);
    await good('annotate', '--index', name, '--annotation', 'a=b');
    const again = await good('push', '-p', name, 'oci-layout://pushed:1');
    const raw = (await cli('imagetools', 'inspect', '--raw', 'oci-layout://pushed:1')).stdout;
    expect(JSON.parse(raw)).toMatchObject({ annotations: { a: 'b' }, manifests: [{}, {}] });
    expect(again.stdout).not.toContain(two.root.entry.digest);
  });

  test('a source that moved is said; amend takes it anew and keeps what was annotated', async () => {
    const [name, moving] = [`${host()}/m/app:1`, `${host()}/m/app:arm`];
    await put(plain(), 'm/app:arm', arm7);
    await good('create', name, moving, source('amd64'));
    await good('annotate', name, moving, '--variant', 'v5');
    const moved = makeImage({ platforms: [arm7], files: { built: 'anew' } });
    await seed(plain(), 'm/app:arm', moved);
    const after = moved.root.entry.digest;
    for (const command of ['inspect', 'push']) {
      const { stderr } = await good(command, name);
      expect(stderr).toContain(`${moving} is at ${after} now; the draft has ${digestOf(arm7)}`);
      expect(stderr).toContain(`polyarch manifest create --amend ${name} ${moving}`);
    }
    expect(await entries(name)).toEqual([
      [digestOf(arm7), 'v5'],
      [digestOf(amd64), undefined],
    ]);
    await good('create', '--amend', name, moving);
    expect((await good('push', '--purge', name)).stderr).not.toContain('warning');
    expect(await entries(name)).toEqual([
      [after, 'v5'],
      [digestOf(amd64), undefined],
    ]);
  });

  test('a local image outlives its name while a draft has it; what is lost is DRAFT_STALE', async () => {
    const [kept, lost] = [`${other()}/l/kept:1`, `${host()}/l/lost:1`];
    await cli('copy', source('s390x'), 'local://short-lived:1');
    await cli('copy', source('s390x'), 'oci-layout://short-lived:1');
    await good('create', kept, 'local://short-lived:1');
    await good('create', lost, 'oci-layout://short-lived:1');
    for (const args of [
      ['rmi', 'short-lived:1'],
      ['prune', '-a', '-f'],
    ]) {
      const done = await cli(...args);
      expect(done.code, done.stderr).toBe(0);
    }
    expect((await good('push', '-p', kept)).stderr).toContain('local://short-lived:1 is gone');
    expect((await readRemote(other(), 'l/kept', '1')).images).toHaveLength(1);
    rmSync(join(environment().folder, 'short-lived'), { recursive: true });
    expectFailure(await manifest('push', lost), 'DRAFT_STALE', 'oci-layout://', 'polyarch manifest create --amend');
    await good('rm', lost);
  });

  test('drafts are safe among processes', async () => {
    const name = `${host()}/c/app:1`;
    const first = await Promise.all([
      manifest('create', name, source('amd64')),
      manifest('create', name, source('s390x')),
    ]);
    expect(first.map(({ code }) => code).toSorted()).toEqual([0, 1]);
    expect(first.map(({ stderr }) => stderr).join('')).toContain('[DRAFT_EXISTS]');
    await Promise.all(['amd64', 's390x', 'riscv64'].map((tag) => good('create', '--amend', name, source(tag))));
    const listed = (await good('ls', '--format', '{{range .Platforms}}{{.}} {{end}}')).stdout.trim().split(' ');
    expect(listed.toSorted()).toEqual(['linux/amd64', 'linux/riscv64', 'linux/s390x']);
    await good('rm', name);
  });

  test('Docker’s images alone make Docker’s list', async () => {
    const name = `${host()}/t/app:1`;
    await good('create', name, `${host()}/s/other@${digestOf(arm7)}`);
    await good('annotate', name, digestOf(arm7), '--arch', 'arm64', '--variant', 'v8');
    await good('push', '-p', name);
    const answer = await cli('imagetools', 'inspect', '--raw', name);
    expect(JSON.parse(answer.stdout)).toMatchObject({
      mediaType: 'application/vnd.docker.distribution.manifest.list.v2+json',
      manifests: [{ platform: { os: 'linux', architecture: 'arm64', variant: 'v8' } }],
    });
  });

  test('failures are told, and no draft or tag is left by them', async () => {
    const broken = makeImage({ platforms: [amd64, arm64], files: { broken: 'yes' } });
    await seed(plain(), 'f/app:broken', broken);
    const gone = broken.manifests[1]?.entry.digest ?? '';
    await fetch(`http://${plain()}/v2/f/app/manifests/${gone}`, { method: 'DELETE' });
    const name = `${host()}/f/app:1`;
    const here = `${host()}/only/here:1`;
    await cli('copy', source('s390x'), `local://${here}`);
    const table: [string[], string, string][] = [
      [['create', name, here], 'NOT_FOUND', `local://${here}`],
      [['create', name, `${host()}/f/app:broken`], 'CHILD_MISSING', gone],
      [['create', name, source('none')], 'NOT_FOUND', 's/app:none'],
      [['create', name, 'local://none'], 'IMAGE_NOT_FOUND', 'none'],
      [['create', `${name}@${gone}`, source('amd64')], 'INVALID_REFERENCE', 'without a digest'],
      [['push', name], 'DRAFT_NOT_FOUND', 'f/app:1'],
      [['rm', name], 'DRAFT_NOT_FOUND', 'f/app:1'],
      [['annotate', name, source('amd64'), '--arch', 'arm'], 'DRAFT_NOT_FOUND', 'f/app:1'],
      [['inspect', name], 'NOT_FOUND', 'f/app:1'],
    ];
    for (const [args, code, text] of table) expectFailure(await manifest(...args), code, text);
    expectFailure(await cli('pull', `${host()}/f/app:broken`), 'CHILD_MISSING', 'linux/arm64', gone);
    await good('create', name, source('two'), source('s390x'));
    const second: [string[], string, string][] = [
      [['annotate', name, source('amd64'), '--arch', 'arm'], 'DRAFT_ENTRY', 's/app:amd64 is not in'],
      [['annotate', name, source('two'), '--arch', 'arm'], 'DRAFT_ENTRY', 'which one'],
      [['annotate', name, source('s390x'), '--arch', 's390y'], 'UNKNOWN_PLATFORM', 's390y'],
      [['annotate', name], 'MISSING_ARGUMENT', 'which image'],
      [['annotate', '--index', name, '--arch', 'arm'], 'INVALID_ARGUMENT', '--index'],
      [['inspect', name, source('amd64')], 'DRAFT_ENTRY', 's/app:amd64 is not in'],
    ];
    for (const [args, code, text] of second) expectFailure(await manifest(...args), code, text);
    const digest = (await good('push', name, 'oci-layout://first')).stdout.trim();
    const index = new RegExp(`^PUT .*f/app/manifests/${digest.replace(':', '.')}`);
    proxy().inject(index, { kind: 'answer', status: 415 }, 10);
    expectFailure(await manifest('push', name), 'INDEX_REFUSED', 'f/app');
    proxy().clear();
    expect(await digestAt(plain(), 'f/app', '1')).toBeUndefined();
    await good('rm', name);
  });
});
