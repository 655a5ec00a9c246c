import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { beforeAll, describe, expect, test } from 'vitest';
import { readRemote } from '../build/image-reader.ts';
import { expectFailure } from '../registry-cli/cli.ts';
import { makeImage, seed } from '../registry-cli/seed.ts';
import { digestAt, missing, place } from './registry.ts';

const [amd64, arm64, s390x] = ['linux/amd64', 'linux/arm64', 'linux/s390x'];

describe.skipIf(missing !== undefined)('merge', () => {
  const { host, plain, environment, cli } = place();
  const images = Object.fromEntries(
    [amd64, arm64, s390x].map((platform) => [platform, makeImage({ platforms: [platform] })]),
  );
  const digestOf = (platform: string) => images[platform]?.root.entry.digest ?? '';
  const repository = () => `${host()}/m/app`;
  const merge = (...args: string[]) => cli('merge', ...args);
  const architectures = async (tag: string) =>
    (await readRemote(plain(), 'm/app', tag)).images.map(({ config }) => config.architecture);

  beforeAll(async () => {
    for (const image of Object.values(images)) await seed(plain(), 'm/app:seeded', image);
    const metadata = (platform: string, more: object) =>
      JSON.stringify({ 'containerimage.digest': digestOf(platform), 'image.name': repository(), ...more });
    environment().write({
      'amd64.json': metadata(amd64, {
        'containerimage.descriptor': images[amd64]?.root.entry,
        'buildx.build.ref': 'x/y/z',
      }),
      // bake's, with one target.
      'bake.json': JSON.stringify({ 'buildx.build.warnings': [], app: JSON.parse(metadata(arm64, {})) as unknown }),
      'all/one/amd64.json': metadata(amd64, {}),
      [`all/two/${digestOf(arm64).slice(7)}`]: '',
      'bad/text': 'text',
      'several.json': JSON.stringify({ a: JSON.parse(metadata(arm64, {})), b: JSON.parse(metadata(amd64, {})) }),
      'nothing.json': '{}',
    });
    await cli(
      'imagetools',
      'create',
      '-t',
      'oci-layout://s390x',
      '--prefer-index=false',
      `${repository()}@${digestOf(s390x)}`,
    );
    const copy = async (platform: string, file: string) =>
      expect((await cli('copy', `${repository()}@${digestOf(platform)}`, `oci-archive://${file}`)).code).toBe(0);
    await Promise.all([copy(s390x, 's390x.tar'), copy(arm64, 'arm64.tar')]);
    const tar = join(environment().folder, 'arm64.tar');
    writeFileSync(`${tar}.gz`, gzipSync(readFileSync(tar)));
  });

  test.each<[string, () => string[], readonly string[]]>([
    ['metadata files, buildx’s and bake’s', () => ['amd64.json', 'bake.json'], ['amd64', 'arm64']],
    ['an OCI layout and a digest', () => ['s390x', digestOf(amd64)], ['s390x', 'amd64']],
    [
      'a name with its digest and oci-layout://',
      () => [`${repository()}@${digestOf(arm64)}`, 'oci-layout://s390x'],
      ['arm64', 's390x'],
    ],
    ['a folder of them', () => ['./all'], ['amd64', 'arm64']],
    ['an archive of an OCI layout, compressed or not', () => ['s390x.tar', 'arm64.tar.gz'], ['s390x', 'arm64']],
  ])('%s', async (_name, sources, expected) => {
    const args = sources().map((source) => (source.startsWith('sha256:') ? `${repository()}@${source}` : source));
    const done = await merge(
      '-t',
      `${repository()}:made`,
      ...args,
      '--platform',
      expected.map((name) => `linux/${name}`).join(),
    );
    expect(done.code, done.stderr).toBe(0);
    expect(done.stdout).toMatch(/m\/app:made +sha256:\S+ +moved\n$/);
    expect(await architectures('made')).toEqual(expected);
  });

  test('what polyarch pushed by digest on several machines', async () => {
    environment().write({ 'src/Dockerfile': 'FROM scratch\nCOPY Dockerfile /\n' });
    // The same time in every build's config.
    const build = (...args: string[]) =>
      environment().polyarch(['build', ...args], { env: { SOURCE_DATE_EPOCH: '1' } });
    for (const platform of [amd64, arm64]) {
      const output = 'type=image,push=true,push-by-digest=true';
      const file = `built/${platform.replace('/', '-')}.json`;
      environment().write({ 'built/': '' });
      await build('--platform', platform, '-t', `${host()}/w/app`, '-o', output, '--metadata-file', file, 'src');
    }
    const tags = ['-t', `${host()}/w/app`, '--tag-semver', 'v1.0.0'];
    const done = await merge(...tags, '--platform', `${amd64},${arm64}`, '--metadata-file', 'merged.json', 'built');
    expect(done.code, done.stderr).toBe(0);
    for (const tag of ['1', '1.0', '1.0.0', 'latest'])
      expect((await readRemote(plain(), 'w/app', tag)).images).toHaveLength(2);
    await build('--platform', `${amd64},${arm64}`, '-t', `${host()}/w/whole:1`, '--push', 'src');
    expect(await digestAt(plain(), 'w/app', '1')).toBe(await digestAt(plain(), 'w/whole', '1'));
    const again = await merge('-t', `${host()}/w/app:again`, 'merged.json');
    expect(again.code, again.stderr).toBe(0);
    expect(await digestAt(plain(), 'w/app', 'again')).toBe(await digestAt(plain(), 'w/app', 'latest'));
  });

  test('optional platforms that failed are named until another source has them', async () => {
    const annotation = 'dev.polyarch.missing-platforms';
    const failed = ['--annotation', `index:${annotation}=linux/riscv64,${s390x}`];
    const [partial, result] = [`${repository()}:partial`, `${repository()}:without`];
    await cli('imagetools', 'create', '-t', partial, ...failed, `${repository()}@${digestOf(amd64)}`);
    const annotationOf = async () => {
      // As the registry has it.
      const index = JSON.parse((await cli('imagetools', 'inspect', '--raw', result)).stdout) as {
        annotations?: Record<string, string>;
      };
      return index.annotations?.[annotation];
    };
    const { stderr } = await merge('-t', result, partial, digestOf(arm64));
    expect(stderr).toContain(`the result is without linux/riscv64, ${s390x}`);
    expect(await annotationOf()).toBe(`linux/riscv64,${s390x}`);
    expect((await merge('-t', result, partial, digestOf(s390x))).stderr).toContain('without linux/riscv64:');
    expect(await annotationOf()).toBe('linux/riscv64');
    expectFailure(await merge('-t', result, '--platform', `${amd64},${s390x}`, partial), 'MERGE_PLATFORMS', s390x);
  });

  test('no tag moves when a platform is missing, comes twice or was not promised', async () => {
    const other = makeImage({ platforms: [amd64], files: { other: 'yes' } });
    await seed(plain(), 'm/app:other', other);
    const promised = ['--platform', `${amd64},${s390x}`];
    const wrong = await merge(
      '-t',
      `${repository()}:never`,
      ...promised,
      'amd64.json',
      'bake.json',
      `${repository()}:other`,
    );
    expectFailure(
      wrong,
      'MERGE_PLATFORMS',
      'linux/s390x is missing',
      'linux/amd64 comes 2 times',
      'linux/arm64 was not promised',
    );
    expect(await digestAt(plain(), 'm/app', 'never')).toBeUndefined();
  });

  test.each([
    [['bad'], 'MERGE_SOURCE'],
    [['several.json'], 'MERGE_SOURCE'],
    [['nothing.json'], 'MERGE_SOURCE'],
    [['./none'], 'MERGE_SOURCE'],
    [['none.json'], 'MERGE_SOURCE'],
    [['REPOSITORY:none'], 'NOT_FOUND'],
  ])('%j is %s', async (sources, code) => {
    const args = sources.map((source) => source.replace('REPOSITORY', repository()));
    expectFailure(await merge('-t', `${repository()}:never`, ...args), code);
    expect(await digestAt(plain(), 'm/app', 'never')).toBeUndefined();
  });
});
